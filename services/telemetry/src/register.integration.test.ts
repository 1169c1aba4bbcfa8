import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCollector } from './testing/collector.ts';
import { readLines, temporaryDirectory } from './testing/lines.ts';
import { startSample } from './testing/process.ts';

for (const name of ['TEST_DATABASE_URL', 'TEST_REDIS_URL']) {
  if (process.env[name] === undefined)
    throw new Error(`${name} is not set; this test needs a real one.`);
}

test('traces SQL and Redis below a request, by statement name and key shape, and nothing outside of one', async () => {
  await using collector = await startCollector();
  await using directory = await temporaryDirectory();
  await using sample = await startSample({
    OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces`,
    LOG_DIRECTORY: directory.path,
  });
  expect(await (await fetch(`${sample.url}/stores`)).json()).toEqual([{ one: 1 }]);
  await sample.stop();

  const all = (name: string) => collector.spans.filter((span) => span.name === name);
  const [request] = all('GET /stores');
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(
    new Set([request?.traceId]),
  );
  // Each below who asked, also below who had to wait for the other's connection.
  const parents = [...all('first'), ...all('second')].map(({ spanId }) => spanId);
  expect(new Set(all('select_one').map(({ parentSpanId }) => parentSpanId))).toEqual(
    new Set(parents),
  );
  expect(all('select_one')[0]?.tags).toMatchObject({
    'span.kind': 'client',
    'db.system.name': 'postgresql',
    'db.query.text': 'SELECT $1::int AS one',
  });
  expect(all('SELECT').map(({ tags }) => tags)).toMatchObject([
    { error: true, 'error.type': '42703', 'db.query.text': 'SELECT nonsense' },
  ]);
  expect(all('ROLLBACK').map(({ parentSpanId }) => parentSpanId)).toEqual([request?.spanId]);
  const lines = await readLines(join(directory.path, 'sample-one.log'));
  expect(lines.find(({ message }) => message === 'called back')?.traceId).toBe(request?.traceId);

  expect(all('get').map(({ tags }) => [tags['db.query.text'], tags['error']])).toEqual([
    ['get session:?', undefined],
    ['get', true],
  ]);
  expect(JSON.stringify(collector.spans)).not.toContain('8f3a9b');
}, 90_000);

test.each(['0', '1'])(
  'with a ratio of %s a callback of a shared connection runs as who asked',
  async (ratio) => {
    await using collector = await startCollector();
    await using directory = await temporaryDirectory();
    await using sample = await startSample({
      OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces`,
      OTEL_TRACES_SAMPLER_ARG: ratio,
      LOG_DIRECTORY: directory.path,
    });
    const ids = ['first', 'second', 'third'];
    await Promise.all(
      ids.map((id) => fetch(`${sample.url}/callback`, { headers: { 'X-Request-ID': id } })),
    );
    await sample.stop();
    const lines = await readLines(join(directory.path, 'sample-one.log'));
    const called = lines.filter(({ message }) => message === 'called back');
    expect(called.map(({ requestId }) => requestId).toSorted()).toEqual(ids);
  },
  90_000,
);
