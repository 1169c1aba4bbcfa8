import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { scrape, series } from './testing/app.ts';
import { type Collector, type ReceivedSpan, startCollector } from './testing/collector.ts';
import { readLines, temporaryDirectory } from './testing/lines.ts';
import { failedStart, startSample } from './testing/process.ts';

const PATIENCE = { timeout: 60_000, interval: 20 };
const NO_PARENT = '0'.repeat(16);

function jaeger(collector: Pick<Collector, 'url'>): Record<string, string> {
  return { OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces` };
}

test('traces an Express service through ESM imports, its own spans and its outgoing calls, over Thrift', async () => {
  await using collector = await startCollector();
  await using directory = await temporaryDirectory();
  await using sample = await startSample({ ...jaeger(collector), LOG_DIRECTORY: directory.path });
  const answer = await fetch(`${sample.url}/trades/7`, { headers: { 'X-Request-ID': 'r-1' } });
  const body = (await answer.json()) as { exemplar: { trace_id: string } };
  await sample.stop();

  const span = (kind: string | undefined, name: string): ReceivedSpan | undefined =>
    collector.spans.find((one) => one.name === name && one.tags['span.kind'] === kind);
  const request = span('server', 'GET /trades/:id');
  const trade = span(undefined, 'trade.execute');
  const outgoing = span('client', 'GET');
  expect(collector.spans).toHaveLength(3);
  expect([trade, outgoing].map((one) => one?.parentSpanId)).toEqual(
    [request, trade].map((one) => one?.spanId),
  );
  expect(request).toMatchObject({
    service: 'sample',
    traceId: body.exemplar.trace_id,
    parentSpanId: NO_PARENT,
    tags: { 'span.kind': 'server', 'http.route': '/trades/:id', 'http.response.status_code': 200 },
    process: { 'deployment.environment.name': 'test', 'service.version': '0.1.0' },
  });
  expect(request?.process).toHaveProperty('service.instance.id');
  expect(trade).toMatchObject({
    traceId: request?.traceId,
    parentSpanId: request?.spanId,
    tags: { 'trade.id': '7' },
  });

  const lines = await readLines(join(directory.path, 'sample-one.log'));
  expect(
    lines.filter(({ requestId }) => requestId === 'r-1').map(({ traceId }) => traceId),
  ).toEqual(Array.from({ length: 3 }, () => request?.traceId));
  expect(lines.find(({ message }) => message === 'trading')?.spanId).toBe(trade?.spanId);
}, 90_000);

test('sends resource attributes once a batch and not in every span', async () => {
  await using collector = await startCollector();
  await using sample = await startSample({
    ...jaeger(collector),
    OTEL_RESOURCE_ATTRIBUTES: 'team=crew',
  });
  await (await fetch(`${sample.url}/trades/7`)).text();
  await sample.stop();
  expect(collector.spans[0]?.process).toMatchObject({ team: 'crew' });
  expect(collector.spans[0]?.tags).not.toHaveProperty('team');
}, 90_000);

test('sends over OTLP by one setting', async () => {
  await using collector = await startCollector();
  collector.answer = 200;
  await using sample = await startSample({
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  await (await fetch(`${sample.url}/trades/7`)).text();
  await sample.stop();
  const [request] = collector.requests;
  expect(request).toMatchObject({ path: '/v1/traces', contentType: 'application/x-protobuf' });
  // Protobuf keeps strings as they are.
  for (const text of [
    'GET /trades/:id',
    'trade.execute',
    'sample',
    'service.version',
    'deployment.environment.name',
  ]) {
    expect(request?.body.includes(text)).toBe(true);
  }
}, 90_000);

test('does not trace health checks, scrapes and its own sending, and follows the sampling ratio and the caller', async () => {
  await using collector = await startCollector();
  await using sample = await startSample({ ...jaeger(collector), OTEL_TRACES_SAMPLER_ARG: '0' });
  for (const path of ['/health', '/health/live', '/health/ready?x=1', '/metrics', '/trades/1']) {
    await (await fetch(sample.url + path)).text();
  }
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  await fetch(`${sample.url}/trades/2`, {
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  });
  await sample.stop();
  expect(new Set(collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(collector.spans.find(({ name }) => name === 'GET /trades/:id')?.parentSpanId).toBe(
    '00f067aa0ba902b7',
  );
}, 90_000);

test('without a collector answers as ever, counts the failures, says why, and ends when it is told to', async () => {
  const gone = await startCollector();
  await gone[Symbol.asyncDispose]();
  await using directory = await temporaryDirectory();
  await using sample = await startSample({ ...jaeger(gone), LOG_DIRECTORY: directory.path });
  for (let number = 0; number < 50; number += 1) {
    expect((await fetch(`${sample.url}/trades/${number}`)).status).toBe(200);
  }
  await vi.waitFor(async () => {
    expect(series(await scrape(sample.url), 'telemetry_export_failures_total')).toBeGreaterThan(1);
  }, PATIENCE);
  expect(await sample.stop()).toBe(0);
  const warnings = (await readLines(join(directory.path, 'sample-one.log'))).filter(
    ({ level }) => level === 'warn',
  );
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({
    reason: expect.stringContaining('ECONNREFUSED') as string,
  });
  // It is nobody's request that failed.
  for (const field of ['requestId', 'correlationId', 'traceId', 'spanId']) {
    expect(warnings[0]).not.toHaveProperty(field);
  }
}, 90_000);

test('loses no span while the collector refuses for a time or hangs', async () => {
  await using collector = await startCollector();
  collector.answer = 503;
  await using sample = await startSample({
    ...jaeger(collector),
    OTEL_EXPORTER_JAEGER_TIMEOUT: '200',
  });
  const ask = async (): Promise<void> => {
    await (await fetch(`${sample.url}/trades/7`)).text();
  };
  await ask();
  await vi.waitFor(() => {
    expect(collector.requests.length).toBeGreaterThan(1);
  }, PATIENCE);
  collector.answer = 'hang';
  await ask();
  const refused = collector.requests.length;
  await vi.waitFor(() => {
    expect(collector.requests.length).toBeGreaterThan(refused + 1);
  }, PATIENCE);
  collector.answer = 202;
  await ask();
  await vi.waitFor(() => {
    expect(collector.spans.filter(({ name }) => name === 'GET /trades/:id')).toHaveLength(3);
  }, PATIENCE);
  expect(series(await scrape(sample.url), 'telemetry_spans_dropped_total')).toBe(0);
}, 90_000);

test('counts the spans that a full queue has no room for', async () => {
  await using collector = await startCollector();
  collector.answer = 'hang';
  await using sample = await startSample({ ...jaeger(collector), OTEL_BSP_MAX_QUEUE_SIZE: '5' });
  for (let number = 0; number < 20; number += 1)
    await (await fetch(`${sample.url}/trades/7`)).text();
  expect(series(await scrape(sample.url), 'telemetry_spans_dropped_total')).toBeGreaterThan(20);
}, 90_000);

test('costs nothing and patches nothing with the exporter none', async () => {
  await using sample = await startSample({ OTEL_TRACES_EXPORTER: 'none' });
  expect(await (await fetch(`${sample.url}/trades/7`)).json()).toEqual({ exemplar: {} });
}, 90_000);

test('says what is wrong with its settings before the service starts', async () => {
  const text = await failedStart({ OTEL_TRACES_EXPORTER: 'zipkin', OTEL_TRACES_SAMPLER_ARG: '2' });
  expect(text).toContain('OTEL_TRACES_EXPORTER=zipkin');
  expect(text).toContain('OTEL_TRACES_SAMPLER_ARG=2');
}, 90_000);
