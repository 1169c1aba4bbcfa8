import { randomBytes } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { format, type Logform } from 'winston';
import { currentContext } from '../context.ts';
import { redact, redactText } from './redact.ts';

/** Where winston's transports find the finished line. */
export const MESSAGE = Symbol.for('message');
const SPLAT = Symbol.for('splat');

/** What is the same on every line of a process. */
export interface LogOrigin {
  service: string;
  version: string;
  environment: string;
  instance: string;
}

// Random for the process, rising for the line: unique without the cost of a random number per line.
const processPart = randomBytes(9).toString('base64url');
let lineNumber = 0;

/**
 * The fields of a line in their fixed order: who and what first, then whose request it belongs to, then what the caller
 * gave. Caller's fields cannot stand in for ours, and everything the caller gave is redacted.
 */
export function lineFormat(origin: LogOrigin, enabled: (level: string) => boolean): Logform.Format {
  return format((info) => {
    // winston formats first and looks at the level later: this is what makes a disabled level cheap.
    if (!enabled(info.level)) return false;
    const { level, message, ...fields } = info;
    const ids = currentContext();
    const span = trace.getActiveSpan()?.spanContext();
    lineNumber += 1;
    const line: Logform.TransformableInfo = {
      timestamp: new Date().toISOString(),
      level,
      message: typeof message === 'string' ? redactText(message) : redact(message),
      ...origin,
      event_id: `${processPart}-${lineNumber.toString(36)}`,
      requestId: ids?.requestId,
      correlationId: ids?.correlationId,
      traceId: span?.traceId,
      spanId: span?.spanId,
      // Somebody may have taken an e-mail address for it.
      userId: ids?.userId && redactText(ids.userId),
    };
    addMissing(line, redact(fields));
    // winston leaves the fields out when the message holds something like `%d`; they are still among its arguments.
    const [extra] = (info[SPLAT] ?? []) as unknown[];
    if (typeof message === 'string' && message.includes('%')) addMissing(line, redact(extra));
    const text = JSON.stringify(line);
    for (const symbol of Object.getOwnPropertySymbols(info)) line[symbol] = info[symbol];
    line[MESSAGE] = text;
    return line;
  })();
}

function addMissing(line: Record<string, unknown>, fields: unknown): void {
  if (typeof fields !== 'object' || fields === null) return;
  for (const [key, field] of Object.entries(fields)) {
    if (!(key in line)) line[key] = field;
  }
}
