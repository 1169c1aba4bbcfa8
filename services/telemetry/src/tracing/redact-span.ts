import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { isSecretName, redact, REDACTED, redactName, redactText } from '../logs/redact.ts';

/** Redacts a finished span in place: name, attributes, events (exceptions are events), links and the status message. */
export function redactSpan(span: ReadableSpan): void {
  const named: { name: string } = span;
  named.name = redactName(span.name);
  redactAttributes(span.attributes);
  for (const event of span.events) {
    event.name = redactName(event.name);
    if (event.attributes !== undefined) redactAttributes(event.attributes);
  }
  for (const { attributes } of span.links) {
    if (attributes !== undefined) redactAttributes(attributes);
  }
  if (span.status.message !== undefined) span.status.message = redactText(span.status.message);
}

function redactAttributes(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (isSecretName(name)) attributes[name] = REDACTED;
    else if (typeof value === 'string') attributes[name] = redactText(value);
    else if (typeof value !== 'boolean') attributes[name] = redact(value) as typeof value;
  }
}
