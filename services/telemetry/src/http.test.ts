import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { expect, test } from 'vitest';
import { currentContext, setUser } from './context.ts';
import { scrape, series, startApp } from './testing/app.ts';
import { readLines, temporaryDirectory } from './testing/lines.ts';
import { traceInMemory } from './testing/tracing.ts';

test('answers with the ids of the caller and carries them', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, (routes) => {
    routes.get('/who', (_request, response) => response.json(currentContext()));
  });
  const answer = await fetch(`${app.url}/who`, {
    headers: { 'X-Request-ID': 'r-1', 'X-Correlation-ID': 'c-1' },
  });
  expect(answer.headers.get('x-request-id')).toBe('r-1');
  expect(answer.headers.get('x-correlation-id')).toBe('c-1');
  expect(await answer.json()).toEqual({ requestId: 'r-1', correlationId: 'c-1' });
});

test('counts and times requests by the template of their route, also on the way through an error', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, (routes) => {
    const trades = express.Router();
    trades.get('/:id', (_request, response) => response.send('ok'));
    trades.post('/:id', () => {
      throw new RangeError('no cash');
    });
    routes.use('/api/trades', trades);
  });
  for (const id of [1, 2, 3]) await (await fetch(`${app.url}/api/trades/${id}`)).text();
  await (await fetch(`${app.url}/api/trades/4`, { method: 'POST' })).text();
  const text = await scrape(app.url);
  const get = 'method="GET",route="/api/trades/:id"';
  const post = 'method="POST",route="/api/trades/:id"';
  expect(series(text, `http_requests_total{${get},status_code="200"}`)).toBe(3);
  expect(series(text, `http_request_duration_seconds_count{${get},status_code="200"}`)).toBe(3);
  expect(series(text, `http_response_size_bytes_sum{${get}}`)).toBe(6);
  expect(series(text, `http_requests_total{${post},status_code="500"}`)).toBe(1);
  expect(series(text, `http_requests_errors_total{${post},type="RangeError"}`)).toBe(1);
  expect(series(text, 'http_requests_in_flight')).toBe(0);
});

test('stays within its budget of series whatever is asked for', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, (routes, { logger }) => {
    logger.level = 'error';
    const mounted = express.Router();
    mounted.get('/x', (_request, response) => response.send('ok'));
    routes.use('/users/:id', mounted);
  });
  const methods = ['GET', 'POST', 'PUT', 'REPORT', 'SEARCH'];
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const ask = async (number: number): Promise<void> => {
    const path = number % 2 === 0 ? `/nothing/${number}` : `/users/${number}/x`;
    const headers = { 'user-agent': `agent-${number}` };
    const asked = request(app.url + path, {
      agent,
      method: methods[number % methods.length],
      headers,
    });
    const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage];
    await answer.resume().toArray();
  };
  await Promise.all(Array.from({ length: 10_000 }, (_, number) => ask(number)));
  agent.destroy();
  const text = await scrape(app.url);
  expect(
    series(text, 'http_requests_total{method="POST",route="unmatched",status_code="404"}'),
  ).toBeGreaterThan(1_000);
  expect(text).toContain('method="other",route="unmatched"');
  expect(text).toContain('route="/users/:id/x"');
  expect(text).not.toContain('/nothing');
  expect(text.split('\n').filter((line) => !line.startsWith('#')).length).toBeLessThan(2_000);
  expect(text.length).toBeLessThan(300_000);
}, 60_000);

test('shows a request while it is worked on, and one whose caller left', async () => {
  await using directory = await temporaryDirectory();
  const arrived = Promise.withResolvers<() => void>();
  const closed = Promise.withResolvers<undefined>();
  await using app = await startApp(directory.path, (routes) => {
    routes.get('/slow', (_request, response) => {
      response.once('close', () => {
        closed.resolve(undefined);
      });
      arrived.resolve(() => response.end());
    });
  });
  const { hostname, port } = new URL(app.url);
  const caller = connect(Number(port), hostname);
  caller.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await arrived.promise;
  expect(series(await scrape(app.url), 'http_requests_in_flight')).toBe(1);
  caller.destroy();
  await Promise.all([closed.promise, once(caller, 'close')]);
  const text = await scrape(app.url);
  expect(series(text, 'http_requests_in_flight')).toBe(0);
  expect(series(text, 'http_requests_total{method="GET",route="/slow",status_code="499"}')).toBe(1);
  expect(
    series(text, 'http_requests_errors_total{method="GET",route="/slow",type="aborted"}'),
  ).toBe(1);
});

test('puts the trace id of a sampled request on its bucket, and none of one that is not kept', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, () => undefined);
  const { http, registry } = app.telemetry;
  const traced = express()
    .use(http())
    .get('/traced', (_request, response) => response.send('ok'));
  const server = traced.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/traced`;
  const unsampled = traceInMemory(false);
  await (await fetch(url)).text();
  expect(await registry.metrics()).not.toContain('trace_id');
  unsampled[Symbol.dispose]();
  using tracing = traceInMemory();
  await (await fetch(url)).text();
  server.closeAllConnections();
  server.close();
  const request = tracing.spans().find(({ name }) => name === 'GET /traced');
  const id = request?.spanContext().traceId ?? 'none';
  expect(await scrape(app.url)).toMatch(
    new RegExp(
      `^http_request_duration_seconds_bucket\\{.*route="/traced".*\\} \\d+ # \\{trace_id="${id}"\\} [\\d.e-]+ [\\d.]+$`,
      'm',
    ),
  );
});

test('logs a request when it comes and when it is done, with its user', async () => {
  await using directory = await temporaryDirectory();
  {
    await using app = await startApp(directory.path, (routes) => {
      routes.get('/hello', (_request, response) => {
        setUser('u-1');
        response.send('ok');
      });
    });
    await (
      await fetch(`${app.url}/hello?token=abcdef`, { headers: { 'X-Request-ID': 'r-1' } })
    ).text();
  }
  const lines = (await readLines(join(directory.path, 'test-one.log'))).filter(
    ({ requestId }) => requestId === 'r-1',
  );
  expect(lines).toMatchObject([
    { level: 'http', message: 'GET /hello received', method: 'GET', path: '/hello' },
    {
      level: 'http',
      message: 'GET /hello 200',
      route: '/hello',
      status: 200,
      bytes: 2,
      userId: 'u-1',
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain('abcdef');
});

test('logs a failed request as an error with its stack and cause', async () => {
  await using directory = await temporaryDirectory();
  {
    await using app = await startApp(directory.path, (routes) => {
      routes.get('/boom', () => {
        throw new TypeError('boom', { cause: new Error('underneath') });
      });
    });
    await (await fetch(`${app.url}/boom`)).text();
  }
  const lines = await readLines(join(directory.path, 'test-one.log'));
  const line = lines.find(({ level }) => level === 'error');
  expect(line).toMatchObject({
    message: 'GET /boom 500',
    error: { name: 'TypeError', message: 'boom', cause: { message: 'underneath' } },
  });
  expect(line?.stack).toContain('http.test.ts');
});

test('warns of a slow request', async () => {
  await using directory = await temporaryDirectory();
  {
    await using app = await startApp(directory.path, (routes) => {
      routes.get('/slow', (_request, response) => setTimeout(() => response.send('ok'), 1_050));
    });
    await (await fetch(`${app.url}/slow`)).text();
  }
  const lines = await readLines(join(directory.path, 'test-one.log'));
  expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { message: 'Slow request: GET /slow 200', route: '/slow' },
  ]);
});

test('keeps health checks and scrapes out of the metrics, and logs them at debug', async () => {
  await using directory = await temporaryDirectory();
  {
    await using app = await startApp(directory.path, (routes) => {
      routes.get('/health/live', (_request, response) => response.send('ok'));
      routes.get('/healthy', (_request, response) => response.send('ok'));
    });
    for (const path of ['/health/live', '/healthy']) await (await fetch(app.url + path)).text();
    await scrape(app.url);
    const text = await scrape(app.url);
    expect(text).toContain('route="/healthy"');
    expect(text).not.toMatch(/route="\/(?:health\/live|metrics)"/);
  }
  const lines = await readLines(join(directory.path, 'test-one.log'));
  expect(lines.find(({ path }) => path === '/health/live')?.level).toBe('debug');
  expect(lines.find(({ path }) => path === '/healthy')?.level).toBe('http');
});

test('writes headers and bodies of requests as they came, redacted and cut, when it is asked to; never those of health checks', async () => {
  await using directory = await temporaryDirectory();
  const ask = (url: string, path: string, notes: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: 'Bearer abcdef',
        'content-type': 'application/json',
        'x-of': 'mine',
      },
      body: JSON.stringify({ email: 'nami@sunny.test', notes, password: 'hunter2' }),
    });
  for (const debugRequests of [true, false]) {
    await using app = await startApp(
      directory.path,
      (routes) => {
        routes.use(express.json());
        routes.post(['/login', '/health/live'], (_request, response) => response.send('ok'));
      },
      { debugRequests, logLevel: debugRequests ? 'http' : 'debug' },
    );
    await (await ask(app.url, '/login', 'short')).text();
    await (await ask(app.url, '/login', 'x'.repeat(50_000))).text();
    await (await ask(app.url, '/health/live', 'short')).text();
  }
  const lines = await readLines(join(directory.path, 'test-one.log'));
  const cut = /^\{"email":"?\[REDACTED\]"?,"notes":"x{4000}/;
  expect(lines.filter((line) => 'headers' in line || 'body' in line)).toMatchObject([
    {
      level: 'debug',
      message: 'POST /login as it came',
      headers: { 'x-of': 'mine', authorization: '[REDACTED]' },
      body: { email: '[REDACTED]', notes: 'short', password: '[REDACTED]' },
    },
    { message: 'POST /login as it came', body: expect.stringMatching(cut) as string },
  ]);
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/hunter2|abcdef|nami@/);
  expect(text.length).toBeLessThan(15_000);
});

test('counts what was sent where no length was declared', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, (routes) => {
    routes.get('/parts', (_request, response) => {
      response.write('x'.repeat(1000));
      response.end('y');
    });
  });
  await (await fetch(`${app.url}/parts`)).text();
  const sum = series(
    await scrape(app.url),
    'http_response_size_bytes_sum{method="GET",route="/parts"}',
  );
  expect(sum).toBeGreaterThan(1000);
});
