import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import { connectStream } from '../testing/stream.ts';
import {
  CHARACTER,
  DELIVERY_TOKEN,
  PASSWORD,
  startSystem,
  WEBHOOK_SECRET,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';

// What a scrape of one process may cost, whatever is done to it: docs/signals.md.
const MOST_SERIES = 2000;
const MOST_BYTES = 300_000;

const CALLERS = 10_000;

let system: TestSystem;
let database: Proxy;
let characters: string[];
beforeAll(async () => {
  system = await startSystem({ FAULTS: 'on' }, async (url) => {
    database = await createProxy(url);
    return database.url;
  });
  system.telemetry.logger.silent = true; // of what is refused on purpose
  const rows = await system.database.sql<{ id: string }>('SELECT id FROM characters');
  characters = rows.map(({ id }) => id);
}, 120_000);
afterAll(async () => {
  await system.close();
  await database.close();
});

/** Connections that are kept, because a new one for each request would be most of the time; fewer than the database's. */
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => {
  agent.destroy();
});

interface Sent {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

function send({ method, path, headers: given, body = '' }: Sent): Promise<number> {
  // Node sends no body with a DELETE that does not say how long it is.
  const headers = { ...given, 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${system.url}${path}`, { method, headers, agent }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    // Who sends too much is cut off, and may miss the answer.
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(413);
      else reject(error);
    });
    sent.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Sessions of as many customers, past the API: to hash so many passwords would take minutes. */
async function openSessions(count: number): Promise<string[]> {
  const rows = await system.database.sql<{ token: string }>(
    `WITH people AS (
       INSERT INTO users (username, email, password_hash)
       SELECT 'caller-' || n, 'caller-' || n || '@example.com', 'none' FROM generate_series(1, $1) n RETURNING id)
     , opened AS (SELECT id, translate(encode(sha256(id::text::bytea), 'base64'), '+/=', '-_') AS token FROM people)
     , kept AS (INSERT INTO sessions (token_hash, user_id, expires_at)
       SELECT sha256(token::bytea), id, now() + interval '1 day' FROM opened)
     SELECT token FROM opened`,
    [count],
  );
  return rows.map(({ token }) => token);
}

test('series and bytes of the API stay bounded, whoever asks for whatever, and with everything touched', async () => {
  await strangers();
  print('10,000 URLs, users and user agents', await scrape());
  await everything();
  const { series, bytes, milliseconds } = await scrape();
  print('and everything touched', { series, bytes, milliseconds });
  expect(series).toBeLessThan(MOST_SERIES);
  expect(bytes).toBeLessThan(MOST_BYTES);
}, 180_000);

/** 10,000 callers, each another customer, with another user agent, and asking for something else. */
async function strangers(): Promise<void> {
  const tokens = await openSessions(CALLERS);
  const paths = [
    (n: number) => `/made/up/${n}`,
    (n: number) => `/api/orders/${n}`,
    (n: number) => `/api/characters/character-${n}?page=${n}`,
    (n: number) => `/api/portfolio?at=${n}`,
    (n: number) => `/files/${n}/../../etc/passwd`,
  ];
  const statuses = await Promise.all(
    tokens.map((token, n) =>
      send({
        method: n % 97 === 0 ? 'PROPFIND' : 'GET',
        path: (paths[n % paths.length] ?? String)(n),
        headers: { ...bearer(token), 'user-agent': `agent/${n}`, 'x-request-id': `request-${n}` },
      }),
    ),
  );
  expect([...new Set(statuses)]).toEqual(expect.arrayContaining([200, 404, 405]));
}

/** Every operation: as it is meant, refused in every way that it can be refused, and without a database. */
async function everything(): Promise<void> {
  const customer = await subscriber();
  const operations = await operationsOf(customer);
  await trade();
  await browse(operations);
  await stream(customer);
  // One after another: some build upon others.
  for (const operation of operations) {
    await system.quote(); // prices grow old
    const status = await send(operation);
    const expected = operation.path === '/api/stream' ? 426 : 299;
    expect.soft(status, `${operation.method} ${operation.path}`).toBeLessThanOrEqual(expected);
  }
  const refusals = new Set<number>();
  for (const sent of refused(await operationsOf(await subscriber()))) {
    refusals.add(await send(sent));
  }
  for (const status of [400, 401, 404, 405, 413, 415]) expect(refusals).toContain(status);
  const others = await operationsOf(await subscriber());
  await database.cut();
  const failures = await Promise.all(others.map(send));
  expect(failures.filter((status) => status === 503).length).toBeGreaterThan(20);
  await database.restore();
}

/** Who may read everything. */
const subscriber = () => system.register(undefined, { realtime: true });

/** Each operation once: for a customer, and where it would end what others need, for another one. */
async function operationsOf(customer: Customer): Promise<Sent[]> {
  const own = { ...json, ...bearer(customer.token) };
  const machine = { ...json, ...bearer(DELIVERY_TOKEN) };
  const keyed = () => ({ ...own, 'idempotency-key': randomUUID() });
  const get = (path: string): Sent => ({ method: 'GET', path, headers: own });
  const post = (path: string, body: unknown, headers: Record<string, string> = own): Sent => ({
    method: 'POST',
    path,
    headers,
    body: JSON.stringify(body),
  });
  const remove = (path: string, body?: unknown, headers = own): Sent => ({
    method: 'DELETE',
    path,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const login = { username: customer.username, password: PASSWORD };
  const newcomer = `newcomer-${randomBytes(4).toString('hex')}`;
  const order = { characterId: CHARACTER, side: 'buy', quantity: 1, limitPrice: 1 };
  const { id } = (await customer.order(order)).json as { id: string };
  const payment = { amount: 1000, card: 'card_good' };
  const reference = await askForDeposit(customer, payment);
  const another = bearer((await system.register()).token);
  const leaver = bearer((await system.register()).token);
  return [
    post('/auth/register', { ...login, username: newcomer, email: `${newcomer}@example.com` }),
    post('/auth/login', login),
    get('/auth/me'),
    get('/api/characters'),
    get(`/api/characters/${CHARACTER}`),
    get(`/api/characters/${CHARACTER}/history`),
    get(`/api/characters/${CHARACTER}/research`),
    get('/api/portfolio'),
    post('/api/trade', { characterId: CHARACTER, action: 'buy', quantity: 1 }, keyed()),
    get('/api/trades'),
    post('/api/orders', order, keyed()),
    get('/api/orders'),
    get(`/api/orders/${id}`),
    remove(`/api/orders/${id}`),
    get(`/api/statements/${new Date().toISOString().slice(0, 10)}`),
    post('/api/payments/deposits', payment, keyed()),
    post('/api/payments/withdrawals', payment, keyed()),
    get('/api/payments'),
    settled(reference, payment.amount),
    post('/api/subscription', { card: 'card_good' }, { ...keyed(), ...another }),
    get('/api/subscription'),
    remove('/api/subscription'),
    post('/auth/logout', {}, { ...json, ...another }),
    get('/api/stream'),
    post(
      '/deployments',
      {
        environment: 'demo',
        revision: 'ba5eba11',
        outcome: 'succeeded',
        committedAt: '2026-01-01T00:00:00Z',
      },
      machine,
    ),
    post('/webhooks/alertmanager', { version: '4', alerts: [] }, machine),
    get('/dora'),
    post('/api/feedback', { rating: 5 }),
    post('/api/telemetry', { items: [] }),
    get('/api/me/export'),
    remove('/api/me', { password: PASSWORD }, { ...json, ...leaver }),
    get('/faults'),
    {
      method: 'PUT',
      path: '/faults/market-stall',
      headers: json,
      body: JSON.stringify({ seconds: 1 }),
    },
    remove('/faults/market-stall'),
    remove('/faults'),
    ...['/docs', '/docs/start.js', '/docs/swagger-ui.css', '/openapi.json'].map(get),
  ];
}

async function askForDeposit(customer: Customer, payment: object): Promise<string> {
  const headers = { ...bearer(customer.token), 'idempotency-key': randomUUID() };
  const answer = await system.post('/api/payments/deposits', payment, headers);
  const [row] = await system.database.sql<{ reference: string }>(
    'SELECT reference FROM payments WHERE id = $1',
    [(answer.json as { payment: { id: string } }).payment.id],
  );
  return row?.reference ?? '';
}

/** The gateway's webhook that a charge succeeded. */
function settled(reference: string, amount: number): Sent {
  const body = JSON.stringify({
    id: randomUUID(),
    type: 'charge.succeeded',
    data: {
      id: 'ch_1',
      kind: 'charge',
      reference,
      amount,
      status: 'succeeded',
      failureCode: null,
    },
  });
  const time = Math.floor(Date.now() / 1000);
  const hmac = createHmac('sha256', WEBHOOK_SECRET).update(`${time}.${body}`).digest('hex');
  return {
    method: 'POST',
    path: '/webhooks/payments',
    headers: { ...json, 'gateway-signature': `t=${time},v1=${hmac}` },
    body,
  };
}

/** Each operation without a token, with a wrong one, under every other method, with what is no JSON, too much of it, or none of the kind. */
function refused(operations: Sent[]): Sent[] {
  return operations.flatMap((operation) => {
    const { method, path, headers = {}, body } = operation;
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
    const unknown = path.replace(/[^/]+$/, '999999999');
    return [
      { method, path, ...(body === undefined ? {} : { headers: json, body }) },
      { method, path: unknown, headers },
      {
        method,
        path: `${path}?limit=many`,
        headers,
        ...(body === undefined ? {} : { body: '{"no":1}' }),
      },
      ...methods.map((other) => ({ method: other, path, headers: bearer('x') })),
      ...methods
        .filter((other) => other !== method)
        .map((other) => ({ method: other, path, headers })),
      ...(body === undefined
        ? []
        : [
            { method, path, headers, body: '{' },
            { method, path, headers: { ...headers, 'content-type': 'image/png' }, body },
            { method, path, headers, body: JSON.stringify('x'.repeat(110_000)) },
          ]),
    ];
  });
}

/** All that is counted by character, side and reason. */
async function trade(): Promise<void> {
  const customer = await subscriber();
  const orders = characters.flatMap((characterId) =>
    (['buy', 'sell'] as const).map((action) => ({ characterId, action, quantity: 1 })),
  );
  for (const order of orders) {
    await system.quote();
    expect((await customer.trade(order)).status).toBe(201);
    await customer.get(`/api/characters/${order.characterId}/research`);
  }
  for (const side of ['buy', 'sell']) {
    const action = side;
    for (const characterId of [CHARACTER, 'nobody']) {
      for (const quantity of [1, 1_000_000]) {
        await customer.trade({ characterId, action, quantity });
        await customer.order({ characterId, side, quantity, limitPrice: 1 });
      }
    }
  }
  await system.quote(Date.now(), { bid: 1, ask: 2, haltedUntil: Date.now() + 60_000 });
  await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 1 });
  await system.quote(Date.now() - 10_000);
  await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 1 });
}

/** All that a browser could tell, and that anybody may claim. */
async function browse(operations: Sent[]): Promise<void> {
  const statuses = [0, ...Array.from({ length: 500 }, (_, n) => 100 + n)];
  const items = [
    ...operations.flatMap(({ path }) =>
      statuses.map((statusCode) => ({ kind: 'api', route: path, statusCode, seconds: 1 })),
    ),
    ...['/', '/docs', '/elsewhere'].flatMap((page) =>
      ['dns', 'tcp', 'request', 'response', 'dom', 'total'].map((phase) => ({
        kind: 'page',
        page,
        phase,
        seconds: 1,
      })),
    ),
    ...['FCP', 'LCP', 'INP', 'TTFB', 'CLS'].map((name) => ({ kind: 'vital', name, value: 1 })),
  ];
  for (let n = 0; n < items.length; n += 50) {
    const body = JSON.stringify({ items: items.slice(n, n + 50) });
    expect(await send({ method: 'POST', path: '/api/telemetry', headers: json, body })).toBe(204);
  }
}

async function stream(customer: Customer): Promise<void> {
  const client = await connectStream(system.url, bearer(customer.token));
  client.say({ type: 'subscribe', characters: 'all' });
  client.say({ type: 'unsubscribe', characters: 'all' });
  await client.settled();
  client.say({ type: 'nonsense' });
  await client.closed;
}

interface Scrape {
  series: number;
  bytes: number;
  milliseconds: number;
}

/** As Prometheus asks. */
async function scrape(): Promise<Scrape> {
  const start = performance.now();
  const headers = { accept: 'application/openmetrics-text;version=1.0.0' };
  const { text: exposed } = await system.request('GET', '/metrics', { headers });
  const milliseconds = performance.now() - start;
  const series = exposed.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  return { series, bytes: Buffer.byteLength(exposed), milliseconds };
}

/** Times are told, and not asserted. */
function print(after: string, { series, bytes, milliseconds }: Scrape): void {
  console.log(`${after}: ${series} series, ${bytes} bytes, in ${milliseconds.toFixed(1)} ms`);
}
