import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { isSecretName, REDACTED, redactText } from '../logs/redact.ts';

/** Redacts a finished span in place: attributes, events (exceptions are events) and the status message. */
export function redactSpan(span: ReadableSpan): void {
  redactAttributes(span.attributes);
  for (const { attributes } of span.events) {
    if (attributes !== undefined) redactAttributes(attributes);
  }
  if (span.status.message !== undefined) span.status.message = redactText(span.status.message);
}

function redactAttributes(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (isSecretName(name)) attributes[name] = REDACTED;
    else if (typeof value === 'string') attributes[name] = redactText(value);
    else if (Array.isArray(value)) {
      attributes[name] = value.map((item) =>
        typeof item === 'string' ? redactText(item) : item,
      ) as string[];
    }
  }
}
