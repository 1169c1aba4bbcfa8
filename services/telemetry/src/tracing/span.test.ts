import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { traceInMemory } from '../testing/tracing.ts';
import { exemplar, inSpan } from './span.ts';

test('gives the answer back and ends the span', async () => {
  using tracing = traceInMemory();
  const answer = await inSpan('ledger.post', { 'trade.id': 7 }, (span) => {
    span.setAttribute('entries', 4);
    return Promise.resolve('posted');
  });
  expect(answer).toBe('posted');
  expect(tracing.spans()).toMatchObject([
    {
      name: 'ledger.post',
      attributes: { 'trade.id': 7, entries: 4 },
      status: { code: SpanStatusCode.UNSET },
    },
  ]);
});

test.each([new RangeError('no cash'), 'no cash'])(
  'records the failure %s and lets it through',
  async (failure) => {
    using tracing = traceInMemory();
    await expect(inSpan('ledger.post', {}, () => Promise.reject(failure as Error))).rejects.toBe(
      failure,
    );
    const [span] = tracing.spans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no cash' });
    expect(span?.events[0]).toMatchObject({
      name: 'exception',
      attributes: { 'exception.message': 'no cash' },
    });
  },
);

test('has an exemplar for a trace that is kept, and none for one that is not', async () => {
  expect(exemplar()).toEqual({});
  {
    using tracing = traceInMemory();
    const labels = await inSpan('x', {}, () => Promise.resolve(exemplar()));
    expect(labels).toEqual({ trace_id: tracing.spans()[0]?.spanContext().traceId });
  }
  using unsampled = traceInMemory(false);
  expect(await inSpan('x', {}, () => Promise.resolve(exemplar()))).toEqual({});
  expect(unsampled.spans()).toEqual([]);
});
