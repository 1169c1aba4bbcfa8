import { mkdtempSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
// Telemetry's own means of looking at lines and spans.
import { readLines } from '../../../telemetry/src/testing/lines.ts';
import { traceInMemory } from '../../../telemetry/src/testing/tracing.ts';
import { createSessions } from '../auth/sessions.ts';
import { createDatabase } from '../database.ts';
import { createClosing } from '../lifecycle.ts';
import { QUOTES_KEY } from '../quotes/quote.ts';
import { eventually } from '../testing/eventually.ts';
import { connectStream, type StreamClient } from '../testing/stream.ts';
import {
  CHARACTER,
  createTestTelemetry,
  startSystem,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';

const OTHER = 'nix-halloway';
const DIRECTORY = mkdtempSync(join(tmpdir(), 'stream-'));

let system: TestSystem;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem({ LOG_DIRECTORY: DIRECTORY });
}, 120_000);
afterAll(() => system.close());
beforeEach(async () => {
  customer = await system.register();
  // With the real-time plan.
  await system.database.sql(
    `INSERT INTO subscriptions (user_id, status, card, current_period_end)
     VALUES ($1, 'active', 'card_good', now() + interval '1 day')`,
    [customer.id],
  );
  await system.quote();
});

async function authenticated(
  { token }: Customer,
  headers: Record<string, string> = {},
): Promise<StreamClient> {
  const client = await connectStream(system.url, headers);
  client.say({ type: 'authenticate', token });
  await eventually(() => client.of('authenticated').length).toBe(1);
  return client;
}

interface Quoted {
  characterId: string;
  bid: number;
}
const bids = (client: StreamClient) =>
  client
    .of('quotes')
    .map(({ quotes }) => (quotes as Quoted[]).map(({ characterId, bid }) => [characterId, bid]));

/** The next board, on which only these bids have changed. */
async function changeBids(changes: Record<string, number>): Promise<void> {
  const text = (await system.redis.get(QUOTES_KEY)) ?? '';
  const board = JSON.parse(text) as { quotedAt: number; quotes: Quoted[] };
  board.quotedAt += 1;
  for (const quote of board.quotes) quote.bid = changes[quote.characterId] ?? quote.bid;
  const changed = JSON.stringify(board);
  await system.redis.multi().set(QUOTES_KEY, changed).publish(QUOTES_KEY, changed).exec();
}

test('quotes come for the characters that are subscribed to, at first and whenever they change', async () => {
  const client = await authenticated(customer);
  client.say({ type: 'subscribe', characters: [CHARACTER] });
  await eventually(() => bids(client)).toEqual([[[CHARACTER, 999]]]);

  await changeBids({ [OTHER]: 500 });
  await changeBids({ [CHARACTER]: 900, [OTHER]: 501 });
  await eventually(() => bids(client).slice(1)).toEqual([[[CHARACTER, 900]]]);
  expect(client.of('quotes').at(-1)).toMatchObject({
    quotedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
    quotes: [{ characterId: CHARACTER, bid: 900, ask: 1001, last: 999 }],
  });

  client.say({ type: 'subscribe', characters: 'all' });
  await eventually(() => bids(client)[2]?.length).toBe(20);
  client.say({ type: 'unsubscribe', characters: [CHARACTER] });
  await client.settled();
  await changeBids({ [CHARACTER]: 901, [OTHER]: 502 });
  await eventually(() => bids(client).slice(3)).toEqual([[[OTHER, 502]]]);
});

test('quotes also come when Redis does not push them', async () => {
  const client = await authenticated(customer);
  client.say({ type: 'subscribe', characters: [CHARACTER] });
  await client.settled();
  const text = (await system.redis.get(QUOTES_KEY)) ?? '';
  const later = text
    .replace(/"quotedAt":\d+/, `"quotedAt":${Date.now() + 1}`)
    .replaceAll('"bid":999', '"bid":950');
  await system.redis.set(QUOTES_KEY, later);
  await eventually(() => bids(client).at(-1)).toEqual([[CHARACTER, 950]]);
});

test('a token may come as a header of the handshake', async () => {
  const client = await connectStream(system.url, { authorization: `Bearer ${customer.token}` });
  await eventually(() => client.messages).toMatchObject([
    { type: 'authenticated', user: { id: customer.id, username: customer.username } },
  ]);
});

test('changes of an order reach its owner, on each stream, and nobody else', async () => {
  const telemetry = createTestTelemetry('worker', system.config);
  const worker = createClosing(telemetry.logger);
  await composeWorker(system.config, telemetry, worker);
  const mine = [await authenticated(customer), await authenticated(customer)];
  const foreign = await authenticated(await system.register());

  const limit = { characterId: CHARACTER, side: 'buy', quantity: 2, limitPrice: 900 };
  const { id } = (await customer.order(limit)).json as { id: string };
  const statuses = (client: StreamClient) =>
    client.of('order').map(({ order }) => (order as { status: string }).status);
  for (const client of mine) await eventually(() => statuses(client)).toEqual(['open']);
  const cancelled = (await customer.delete(`/api/orders/${id}`)).json;
  for (const client of mine) {
    await eventually(() => statuses(client)).toEqual(['open', 'cancelled']);
    expect(client.of('order')[1]).toEqual({ type: 'order', order: cancelled });
  }
  await foreign.settled();
  expect(foreign.of('order')).toEqual([]);

  expect(await worker.closeAll()).toBe(true);
  await telemetry.close();
});

describe('is refused with a reason:', () => {
  const authenticate = () => ({ type: 'authenticate', token: customer.token });
  const cases: [string, () => unknown[], { code: string; detail: RegExp; close: number }][] = [
    [
      'an unknown token',
      () => [{ type: 'authenticate', token: 'x'.repeat(43) }],
      { code: 'unauthorized', detail: /token is malformed, unknown or expired/, close: 4401 },
    ],
    [
      'a wish before the token',
      () => [{ type: 'subscribe', characters: 'all' }],
      { code: 'unauthorized', detail: /authenticate message first/, close: 4401 },
    ],
    [
      'a second token',
      () => [authenticate(), authenticate()],
      { code: 'invalid-message', detail: /already/, close: 1008 },
    ],
    ['what is no JSON', () => ['{'], { code: 'invalid-message', detail: /JSON/, close: 1008 }],
    [
      'what is no object',
      () => ['[]'],
      { code: 'invalid-request', detail: /^body: expected an object whose type/, close: 1008 },
    ],
    [
      'a binary frame',
      () => [Buffer.from('{"type":"ping"}')],
      { code: 'invalid-message', detail: /no binary/, close: 1008 },
    ],
    [
      'an unknown type',
      () => [authenticate(), { type: 'trade' }],
      {
        code: 'invalid-request',
        detail: /^type: expected .* authenticate, subscribe, unsubscribe or ping$/,
        close: 1008,
      },
    ],
    [
      'an unknown field',
      () => [authenticate(), { type: 'ping', id: 1 }],
      { code: 'invalid-request', detail: /^id: is not known here/, close: 1008 },
    ],
    [
      'an unknown character',
      () => [authenticate(), { type: 'subscribe', characters: [CHARACTER, 'nobody'] }],
      {
        code: 'invalid-request',
        detail: /^characters.1: there is no such character$/,
        close: 1008,
      },
    ],
    [
      'a wrong list',
      () => [authenticate(), { type: 'subscribe', characters: CHARACTER }],
      { code: 'invalid-request', detail: /^characters: expected "all" or a list/, close: 1008 },
    ],
    [
      'a flood',
      () => [authenticate(), ...Array.from({ length: 25 }, () => ({ type: 'ping' }))],
      { code: 'invalid-message', detail: /At most 20 messages a second/, close: 1008 },
    ],
  ];
  test.each(cases)('%s', async (_what, messages, { code, detail, close }) => {
    const client = await connectStream(system.url);
    for (const message of messages()) {
      const raw = typeof message === 'string' || Buffer.isBuffer(message);
      client.socket.send(raw ? message : JSON.stringify(message));
    }
    expect(await client.closed).toMatchObject({ code: close });
    expect(client.messages.at(-1)).toEqual({
      type: 'error',
      code,
      detail: expect.stringMatching(detail) as string,
    });
  });

  test('a message over 4 kB, by the protocol itself', async () => {
    const client = await connectStream(system.url);
    client.say({ type: 'authenticate', token: 'x'.repeat(4096) });
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  test('pings of the protocol, when there are too many', async () => {
    const client = await authenticated(customer);
    for (let count = 0; count < 25; count += 1) client.socket.ping();
    expect(await client.closed).toMatchObject({ code: 1008 });
  });
});

test('what is no handshake is answered as HTTP: 426 here, and elsewhere as without the wish to upgrade', async () => {
  const plain = await system.request('GET', '/api/stream');
  expect(plain.status).toBe(426);
  expect(plain.headers.get('upgrade')).toBe('websocket');
  expect(plain.json).toMatchObject({ type: '/problems/upgrade-required', status: 426 });

  const socket = new WebSocket(`${system.url.replace('http', 'ws')}/auth/me`);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(401);
});

test('sessions that have ended are told from those that go on', async () => {
  const { databaseUrl: url } = system.config;
  const database = createDatabase({ url, poolMax: 2 }, system.telemetry);
  const sessions = createSessions(database, system.redis, system.telemetry);
  const [one, other] = await Promise.all([
    sessions.find(customer.token),
    sessions.find((await system.register()).token),
  ]);
  if (!one || !other) throw new Error('Both are open');
  await sessions.close(one);
  expect(await sessions.renew([one, other])).toEqual([undefined, other]);
  await database.close();
});

test('streams show in metrics, in a log line with id, user and code, and in a span', async () => {
  using tracing = traceInMemory();
  system.telemetry.logger.level = 'http';
  const open = await system.metric('websocket_connections');
  const lasted = await system.metric('price_stream_duration_seconds_count');
  const client = await authenticated(customer, { 'x-request-id': 'stream-1' });
  client.say({ type: 'subscribe', characters: 'all' });
  await client.settled();
  expect(await system.metric('websocket_connections')).toBe(open + 1);
  const labels = { type: 'invalid', direction: 'in' };
  const invalid = await system.metric('websocket_messages_total', labels);

  client.say({ type: 'nonsense' });
  await client.closed;
  await eventually(() => system.metric('websocket_connections')).toBe(open);
  expect(await system.metric('websocket_messages_total', labels)).toBe(invalid + 1);
  expect(await system.metric('price_stream_duration_seconds_count')).toBe(lasted + 1);
  for (const [type, direction] of [
    ['subscribe', 'in'],
    ['quotes', 'out'],
    ['error', 'out'],
  ]) {
    expect(
      await system.metric('websocket_messages_total', { type, direction } as never),
    ).toBeGreaterThan(0);
  }

  const lines = async () =>
    (await readLines(join(DIRECTORY, `api-${system.config.instance}.log`))).filter(
      ({ requestId }) => requestId === 'stream-1',
    );
  await eventually(lines).toMatchObject([
    {
      level: 'http',
      message: 'GET /api/stream closed',
      code: 1008,
      reason: 'Invalid request',
      userId: customer.id,
      durationMs: expect.any(Number) as number,
    },
  ]);
  system.telemetry.logger.level = 'error';
  const span = tracing.spans().find(({ name }) => name === 'stream.authenticate');
  expect(span?.attributes).toMatchObject({ 'user.id': customer.id, 'request.id': 'stream-1' });
});
