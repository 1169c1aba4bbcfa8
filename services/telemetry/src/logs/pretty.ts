import type { Logform } from 'winston';

const COLOURS: Record<string, number> = { error: 31, warn: 33, info: 32, http: 36, debug: 90 };
const GREY = 90;

/** Fields that are the same on every line, or shown in another form. */
const LEFT_OUT = new Set(
  'timestamp level message service version environment instance event_id requestId correlationId traceId spanId stack'.split(
    ' ',
  ),
);

/** A line for a person at a terminal: time, level, message, the request's first letters, details, and the stack below. */
export function prettyLine(line: Logform.TransformableInfo): string {
  const { timestamp, level, message, requestId, stack } = line;
  const details = Object.fromEntries(
    Object.entries(line).filter(([key, value]) => !LEFT_OUT.has(key) && value !== undefined),
  );
  const parts = [
    String(timestamp).slice(11, 23),
    paint(COLOURS[level] ?? GREY, level.padEnd(5)),
    String(message),
  ];
  if (typeof requestId === 'string') parts.push(paint(GREY, requestId.slice(0, 8)));
  if (Object.keys(details).length > 0) parts.push(paint(GREY, JSON.stringify(details)));
  return parts.join(' ') + (typeof stack === 'string' ? `\n${stack}` : '');
}

function paint(colour: number, text: string): string {
  return `\x1b[${colour}m${text}\x1b[0m`;
}
