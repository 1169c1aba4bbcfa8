import { join } from 'node:path';
import type { Express } from 'express';
import { expect, test, vi } from 'vitest';
import { setUser } from '../context.ts';
import { scrape, series, startApp } from '../testing/app.ts';
import { type Line, readLines, temporaryDirectory } from '../testing/lines.ts';
import { MAIL, PASSWORD } from '../testing/secrets.ts';
import { startSentry } from '../testing/sentry.ts';
import { traceInMemory } from '../testing/tracing.ts';
import { inSpan } from '../tracing/span.ts';
import { sendToSentry } from './sentry.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };
const DROPPED = 'telemetry_log_lines_dropped_total{target="sentry"}';

function routes(app: Express): void {
  app.get('/trades/:id', () => {
    setUser('u-1');
    throw new TypeError('boom', { cause: new RangeError('underneath') });
  });
  app.get('/refused', (_request, response) => response.status(422).end());
  app.get('/health/ready', (_request, response) => response.status(503).end());
}

async function warnings(directory: string): Promise<Line[]> {
  const lines = await readLines(join(directory, 'test-one.log'));
  return lines.filter(({ level }) => level === 'warn');
}

test('sends a failed request with release, environment, trace, ids, stack and cause', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  using tracing = traceInMemory();
  {
    await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
    await inSpan('request', {}, () => fetch(`${app.url}/trades/7?token=abcdef`));
    await fetch(`${app.url}/trades/7?token=abcdef`, { headers: { 'X-Request-ID': 'r-1' } });
  }
  // The two requests; what was sent to Sentry for them is not traced.
  const request = 'GET /trades/:id';
  expect(tracing.spans().map(({ name }) => name)).toEqual([request, 'request', request]);
  const [, , traced] = tracing.spans();
  expect(sentry.requests.map(({ path }) => path)).toEqual([
    expect.stringContaining('/api/42/envelope/') as string,
    expect.stringContaining('sentry_key=0123456789abcdef') as string,
  ]);
  const event = sentry.events.find(({ tags }) => tags.requestId === 'r-1');
  expect(event).toMatchObject({
    level: 'error',
    platform: 'node',
    release: 'test@1.2.3+abc',
    environment: 'test',
    server_name: 'one',
    transaction: 'GET /trades/:id',
    message: 'GET /trades/7 500',
    user: { id: 'u-1' },
    tags: { service: 'test', requestId: 'r-1', correlationId: 'r-1' },
    exception: {
      values: [
        { type: 'RangeError', value: 'underneath' },
        { type: 'TypeError', value: 'boom' },
      ],
    },
    extra: { status: 500, path: '/trades/7' },
  });
  const frames = event?.exception?.values[1]?.stacktrace?.frames;
  expect(frames?.at(-1)?.filename).toContain('sentry.test.ts');
  expect(event?.contexts.trace).toMatchObject({ trace_id: traced?.spanContext().traceId });
});

test('sends what is logged as an error within a trace with the ids of that trace', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  using tracing = traceInMemory();
  {
    await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
    await inSpan('job', {}, () => {
      app.telemetry.logger.error('Job failed', { queue: 'mail', error: new Error('no mailer') });
      app.telemetry.logger.error('cannot trade', new RangeError('no cash'));
      app.telemetry.logger.error('no exception at all', { queue: 'mail' });
      app.telemetry.logger.warn('not an error', { error: new Error('no') });
      return Promise.resolve();
    });
  }
  const span = tracing.spans()[0]?.spanContext();
  expect(sentry.events).toMatchObject([
    { message: 'Job failed', exception: { values: [{ type: 'Error', value: 'no mailer' }] } },
    { exception: { values: [{ type: 'RangeError', value: 'no cash' }] } },
    { message: 'no exception at all', extra: { queue: 'mail' } },
  ]);
  expect(sentry.events[2]).not.toHaveProperty('exception');
  for (const { contexts, tags } of sentry.events) {
    expect(contexts.trace).toEqual({ trace_id: span?.traceId, span_id: span?.spanId });
    expect(tags.traceId).toBe(span?.traceId);
  }
  // Sentry's own tracing is not at work: no trace of its making in the envelope either.
  for (const { body } of sentry.requests) expect(body.split('\n')[0]).not.toContain('"trace"');
});

test('leaves out failed health checks, and what is the caller’s fault', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  {
    await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
    for (const path of ['/health/ready', '/refused', '/trades/1']) await fetch(app.url + path);
  }
  expect(sentry.events.map(({ message }) => message)).toEqual(['GET /trades/1 500']);
});

test('loses nothing while Sentry is away, says why, and sends each event under one id', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  sentry.answer = { status: 503 };
  await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
  app.telemetry.logger.error('first');
  app.telemetry.logger.error('second');
  await vi.waitFor(() => {
    expect(sentry.requests.length).toBeGreaterThan(1);
  }, PATIENCE);
  sentry.answer = { status: 200 };
  await vi.waitFor(() => {
    expect(sentry.events.map(({ message }) => message)).toEqual(['first', 'second']);
  }, PATIENCE);
  const ids = sentry.requests.map(({ body }) => /"event_id":"(\w{32})"/.exec(body)?.[1]);
  expect(new Set(ids)).toEqual(new Set(sentry.events.map((event) => event.event_id)));
  expect(series(await scrape(app.url), DROPPED)).toBe(0);
  expect(await warnings(directory.path)).toMatchObject([
    {
      message: 'Log lines cannot be sent to sentry; trying again',
      reason: expect.stringContaining('503') as string,
    },
  ]);
});

test('counts what Sentry refuses, and asks no more while it is told to wait', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  sentry.answer = { status: 429, headers: { 'retry-after': '60' } };
  await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
  for (const message of ['first', 'second', 'third']) app.telemetry.logger.error(message);
  await vi.waitFor(async () => {
    expect(series(await scrape(app.url), DROPPED)).toBe(3);
  }, PATIENCE);
  expect(sentry.requests).toHaveLength(1);
});

test('ends in time, and counts, when Sentry does not answer', async () => {
  await using directory = await temporaryDirectory();
  await using sentry = await startSentry();
  sentry.answer = 'hang';
  await using app = await startApp(directory.path, routes, { sentryDsn: sentry.dsn });
  app.telemetry.logger.error('first');
  await vi.waitFor(() => {
    expect(sentry.requests).toHaveLength(1);
  }, PATIENCE);
  await app.telemetry.close();
  expect(series(await scrape(app.url), DROPPED)).toBe(1);
});

test('redacts what it is given, even if nobody did before', async () => {
  await using sentry = await startSentry();
  const origin = { service: 'test', version: '1', environment: 'test', instance: 'one' };
  const send = sendToSentry(sentry.dsn, origin, 'abc', () => undefined);
  const line = {
    timestamp: new Date(0).toISOString(),
    event_id: '1',
    message: `password=${PASSWORD}`,
    error: {
      name: 'Error',
      message: `no ${MAIL}`,
      stack: `Error: no ${MAIL}\n    at x (/x.js:1:1)`,
    },
    body: { password: PASSWORD },
  };
  await send([JSON.stringify(line)], new AbortController().signal);
  expect(sentry.events).toMatchObject([{ message: 'password=[REDACTED]', release: 'test@1+abc' }]);
  for (const { body } of sentry.requests) expect(body).not.toMatch(/hunter2|sunny/);
});

test('says what a DSN looks like', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, routes, { sentryDsn: 'http://nowhere' });
  app.telemetry.logger.error('first');
  await vi.waitFor(async () => {
    expect((await warnings(directory.path))[0]?.reason).toContain('https://KEY@HOST/PROJECT');
  }, PATIENCE);
});
