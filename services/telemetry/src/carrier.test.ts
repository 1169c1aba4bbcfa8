import { expect, test } from 'vitest';
import { captureCarrier, type Carrier, runWithCarrier } from './carrier.ts';
import { currentContext, runInContext } from './context.ts';
import { traceInMemory } from './testing/tracing.ts';
import { inSpan } from './tracing/span.ts';

test('carries ids and the parent span through JSON into a job', async () => {
  using tracing = traceInMemory();
  const ids = { requestId: 'r', correlationId: 'c', userId: 'u' };
  const stored = await runInContext(ids, () =>
    inSpan('trade.execute', {}, () => Promise.resolve(JSON.stringify(captureCarrier()))),
  );

  const inJob = await runWithCarrier(JSON.parse(stored) as Carrier, () =>
    inSpan('mail.send', {}, () => Promise.resolve(currentContext())),
  );

  expect(inJob).toEqual(ids);
  const [trade, mail] = tracing.spans();
  expect(mail?.spanContext().traceId).toBe(trade?.spanContext().traceId);
  expect(mail?.parentSpanContext?.spanId).toBe(trade?.spanContext().spanId);
});

test('starts ids of its own where there is no request', async () => {
  const carrier = captureCarrier();
  expect(carrier.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(carrier).toEqual({ requestId: carrier.requestId, correlationId: carrier.requestId });
  await runWithCarrier(carrier, () => {
    expect(currentContext()).toEqual(carrier);
    return Promise.resolve();
  });
});

test.each([undefined, '', 'nonsense', '00-0-0-00'])(
  'starts a trace of its own for the traceparent %j, not one of the caller',
  async (traceparent) => {
    using tracing = traceInMemory();
    const carrier = {
      requestId: 'r',
      correlationId: 'c',
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    await inSpan('poll', {}, () =>
      runWithCarrier(carrier, () => inSpan('job', {}, () => Promise.resolve())),
    );
    const [job, poll] = tracing.spans();
    expect(job?.parentSpanContext).toBeUndefined();
    expect(job?.spanContext().traceId).not.toBe(poll?.spanContext().traceId);
  },
);
