import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { beforeEach, expect, test } from 'vitest';
import { RetryingExporter } from './exporter.ts';
import { losses, onExportFailure } from './losses.ts';

const LIMITS = { attemptTimeout: 1_000, giveUpAfter: 1_000, firstDelay: 1 };
const batch = (size: number): ReadableSpan[] =>
  Array.from({ length: size }, () => ({}) as ReadableSpan);

beforeEach(() => {
  Object.assign(losses, { spansDropped: 0, exportFailures: 0 });
});

/** An exporter that fails as told, one entry an attempt, and then works. `hang` never answers. */
function scripted(
  failures: (Error | 'hang')[],
): SpanExporter & { batches: number[]; closed: number } {
  return {
    batches: [],
    closed: 0,
    export(spans, done) {
      const failure = failures.shift();
      if (failure === 'hang') return;
      if (failure === undefined) this.batches.push(spans.length);
      setImmediate(
        done,
        failure === undefined
          ? { code: ExportResultCode.SUCCESS }
          : { code: ExportResultCode.FAILED, error: failure },
      );
    },
    shutdown() {
      this.closed += 1;
      return Promise.resolve();
    },
  };
}

function exported(exporter: SpanExporter, spans: ReadableSpan[]): Promise<ExportResult> {
  return new Promise((resolve) => {
    exporter.export(spans, resolve);
  });
}

test.each([
  new Error('error sending spans over HTTP: Error: connect ECONNREFUSED 127.0.0.1:14268'),
  new Error('error sending spans over HTTP: server responded with HTTP 503'),
  new Error('error sending spans over HTTP: server responded with HTTP 429'),
  Object.assign(new Error('Too Many Requests'), { code: 429 }),
])('repeats a batch after «%s», counts the failures and loses nothing', async (failure) => {
  const inner = scripted([failure, failure, failure]);
  const reasons: string[] = [];
  onExportFailure(({ message }) => reasons.push(message));
  const result = await exported(new RetryingExporter(() => inner, LIMITS), batch(5));
  onExportFailure(undefined);
  expect(result.code).toBe(ExportResultCode.SUCCESS);
  expect(inner.batches).toEqual([5]);
  expect(losses).toEqual({ spansDropped: 0, exportFailures: 3 });
  expect(reasons).toEqual([failure.message, failure.message, failure.message]);
});

test.each([
  new Error('error sending spans over HTTP: server responded with HTTP 400'),
  new Error('Error encoding Thrift batch: bad'),
  Object.assign(new Error('Bad Request'), { code: 400 }),
])('does not repeat what is refused with «%s», and counts the spans', async (failure) => {
  const inner = scripted([failure]);
  const exporter = new RetryingExporter(() => inner, LIMITS);
  expect(await exported(exporter, batch(5))).toEqual({
    code: ExportResultCode.FAILED,
    error: failure,
  });
  expect(losses).toEqual({ spansDropped: 5, exportFailures: 1 });
  expect((await exported(exporter, batch(2))).code).toBe(ExportResultCode.SUCCESS);
  expect(inner.batches).toEqual([2]);
});

test('gives a batch up after its time and counts its spans', async () => {
  const always = Array.from({ length: 1_000 }, () => new Error('away'));
  const exporter = new RetryingExporter(() => scripted(always), { ...LIMITS, giveUpAfter: 20 });
  expect((await exported(exporter, batch(3))).code).toBe(ExportResultCode.FAILED);
  expect(losses.spansDropped).toBe(3);
});

test('cuts off an attempt that hangs, closes its sockets and goes on with a new exporter', async () => {
  const hanging = scripted(['hang']);
  const working = scripted([]);
  const made = [hanging, working];
  const exporter = new RetryingExporter(() => made.shift() as SpanExporter, {
    ...LIMITS,
    attemptTimeout: 20,
  });
  expect((await exported(exporter, batch(4))).code).toBe(ExportResultCode.SUCCESS);
  expect(hanging.closed).toBe(1);
  expect(working.batches).toEqual([4]);
  expect(losses).toEqual({ spansDropped: 0, exportFailures: 1 });
});

test('sends one batch at a time, in order', async () => {
  let underWay = 0;
  const sizes: number[] = [];
  const inner: SpanExporter = {
    export(spans, done) {
      underWay += 1;
      expect(underWay).toBe(1);
      sizes.push(spans.length);
      setTimeout(() => {
        underWay -= 1;
        done({ code: ExportResultCode.SUCCESS });
      }, 2);
    },
    shutdown: () => Promise.resolve(),
  };
  const exporter = new RetryingExporter(() => inner, LIMITS);
  await Promise.all([1, 2, 3].map((size) => exported(exporter, batch(size))));
  expect(sizes).toEqual([1, 2, 3]);
});

test('does not wait for the receiver when it is shut down', async () => {
  const always = Array.from({ length: 1_000 }, () => new Error('away'));
  const inner = scripted(always);
  const exporter = new RetryingExporter(() => inner, {
    attemptTimeout: 1_000,
    giveUpAfter: 600_000,
    firstDelay: 300_000,
  });
  const result = exported(exporter, batch(1));
  await new Promise(setImmediate);
  await exporter.shutdown();
  expect((await result).code).toBe(ExportResultCode.FAILED);
  expect(inner.closed).toBe(1);
});
