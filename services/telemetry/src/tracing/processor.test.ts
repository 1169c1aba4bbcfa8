import { type Span, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { losses } from './losses.ts';
import { CountingProcessor } from './processor.ts';

const LIMIT = 10;

function tracing(exporter: Pick<SpanExporter, 'export'>): {
  begin: (name: string) => Span;
  processor: CountingProcessor;
} {
  const processor = new CountingProcessor(
    { ...exporter, shutdown: () => Promise.resolve() },
    LIMIT,
    (counted) =>
      new BatchSpanProcessor({
        exporter: counted,
        maxQueueSize: LIMIT,
        maxExportBatchSize: 5,
        scheduledDelayMillis: 1,
      }),
  );
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  return { begin: (name) => tracer.startSpan(name), processor };
}

test('bounds what waits for a receiver that hangs, and counts every span beyond', () => {
  const before = losses.spansDropped;
  const handedOver: ReadableSpan[] = [];
  const { begin } = tracing({ export: (spans) => handedOver.push(...spans) });
  for (let number = 0; number < 100; number += 1) begin(`span ${number}`).end();
  expect(losses.spansDropped - before).toBe(100 - LIMIT - handedOver.length);
  expect(handedOver).toHaveLength(5);
});

test('has room again once the receiver takes spans', async () => {
  const before = losses.spansDropped;
  const received: ReadableSpan[] = [];
  const { begin, processor } = tracing({
    export(spans, done) {
      received.push(...spans);
      done({ code: ExportResultCode.SUCCESS });
    },
  });
  for (let round = 0; round < 20; round += 1) {
    for (let number = 0; number < LIMIT; number += 1) begin('span').end();
    await processor.forceFlush();
  }
  expect(received).toHaveLength(20 * LIMIT);
  expect(losses.spansDropped).toBe(before);
});

test('sends spans without their secrets', async () => {
  const received: ReadableSpan[] = [];
  const { begin, processor } = tracing({
    export(spans, done) {
      received.push(...spans);
      done({ code: ExportResultCode.SUCCESS });
    },
  });
  const span = begin('login');
  span.setAttributes({
    'user.password': 'hunter2',
    'url.query': 'token=abcdef&page=2',
    who: ['nami@sunny.test'],
  });
  span.recordException(new Error('no account nami@sunny.test'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no account nami@sunny.test' });
  span.end();
  await processor.forceFlush();
  expect(span.spanContext().traceFlags).toBe(TraceFlags.SAMPLED);
  expect(received[0]?.attributes).toEqual({
    'user.password': '[REDACTED]',
    'url.query': 'token=[REDACTED]&page=2',
    who: ['[REDACTED]'],
  });
  expect(received[0]?.events[0]?.attributes).toMatchObject({
    'exception.message': 'no account [REDACTED]',
  });
  expect(JSON.stringify([received[0]?.events, received[0]?.status])).not.toContain('nami');
});
