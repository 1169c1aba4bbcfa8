import { tracingChannel } from 'node:diagnostics_channel';
import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { failSpan } from './span.ts';

/** What ioredis (5.10 and later) tells of a command; one object a command, which is known by it. */
interface Command {
  command: string;
  args: string[];
  error?: Error;
}

/**
 * A span for each Redis command below a span that is kept, from what ioredis itself publishes: nothing is patched. Of a key
 * only the form is kept.
 */
export function traceRedis(): void {
  const tracer = trace.getTracer('@crows-nest/telemetry/ioredis', '0.1.0');
  const spans = new WeakMap<object, Span>();
  const finish = (command: Command): void => {
    const span = spans.get(command);
    if (span === undefined) return;
    spans.delete(command);
    if (command.error !== undefined) failSpan(span, command.error);
    span.end();
  };
  tracingChannel<string, Command>('ioredis:command').subscribe({
    start(command) {
      if (trace.getActiveSpan()?.isRecording() !== true) return;
      const { command: name, args } = command;
      const text = `${name} ${keyShape(args[0])}`.trimEnd();
      const attributes = { 'db.system.name': 'redis', 'db.query.text': text };
      spans.set(command, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
    },
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: finish,
    // Comes before `asyncEnd`, and alone for a command that could not even be sent.
    error: finish,
  });
}

/**
 * The form of a Redis key, `session:?` for `session:8f3…`: what it is for, without ids and tokens. Anything that is not
 * a key (a script's hash, a number) is left out.
 */
function keyShape(key: string | undefined): string {
  if (key === undefined || !/^[a-z]/i.test(key) || key.length > 256) return '';
  return key
    .split(':')
    .map((part) => (/^[a-z_-]{1,32}$/i.test(part) ? part : '?'))
    .join(':');
}
