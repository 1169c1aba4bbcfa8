import { expect, test } from 'vitest';
import { startCollector } from './testing/collector.ts';
import { startSample } from './testing/process.ts';

for (const name of ['TEST_DATABASE_URL', 'TEST_REDIS_URL']) {
  if (process.env[name] === undefined)
    throw new Error(`${name} is not set; this test needs a real one.`);
}

test('traces SQL and Redis below a request, by statement name and key shape, and nothing outside of one', async () => {
  await using collector = await startCollector();
  await using sample = await startSample({
    OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces`,
  });
  expect(await (await fetch(`${sample.url}/stores`)).json()).toEqual([{ one: 1 }]);
  await sample.stop();

  const request = collector.spans.find(({ name }) => name === 'GET /stores');
  const children = collector.spans.filter(({ spanId }) => spanId !== request?.spanId);
  const named = (name: string) => children.find((span) => span.name === name);
  expect(named('select_one')).toMatchObject({
    traceId: request?.traceId,
    parentSpanId: request?.spanId,
    tags: { 'span.kind': 'client' },
  });
  expect(named('get')).toMatchObject({ traceId: request?.traceId, parentSpanId: request?.spanId });
  expect(Object.values(named('get')?.tags ?? {})).toContain('get session:?');
  expect(JSON.stringify(collector.spans)).not.toContain('8f3a9b');
  // Waiting for a connection is a metric.
  expect(collector.spans.filter(({ name }) => name.startsWith('pg'))).toEqual([]);
}, 90_000);
