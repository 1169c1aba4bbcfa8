// Bad input over the gateway: a clear refusal each time, never a 5xx, and nothing half-done behind it.

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';

import { beforeAll, describe, expect, test } from 'vitest';

import {
  type CallOptions,
  type Customer,
  type Reply,
  call,
  cheapest,
  demand,
  market,
  signUp,
} from './customer.ts';
import { address, command, waitFor } from './stack.ts';

let customer: Customer;
let order: { characterId: string; quantity: number; action: string };

beforeAll(async () => {
  customer = await signUp();
  order = { characterId: await cheapest(customer), quantity: 1, action: 'buy' };
});

function expectProblem(reply: Reply, status: number): void {
  expect(reply.status, reply.text).toBe(status);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(reply.text) as Record<string, unknown>;
  expect(problem).toMatchObject({
    type: expect.any(String) as unknown,
    title: expect.stringMatching(/./) as unknown,
    status,
    detail: expect.stringMatching(/./) as unknown,
    requestId: reply.headers.get('x-request-id'),
  });
}

type Case = [
  what: string,
  status: number,
  method: string,
  path: string,
  options: () => CallOptions,
];

function ordering(body: () => unknown, headers: Record<string, string> = {}): () => CallOptions {
  return () => ({
    token: customer.token,
    headers: { 'idempotency-key': randomUUID(), ...headers },
    body: body(),
  });
}

const account = () => ({
  username: `test-${randomUUID().slice(0, 8)}`,
  email: `${randomUUID()}@example.com`,
  password: 'a long passphrase',
});

const cases: Case[] = [
  ['malformed JSON', 400, 'POST', '/api/trade', ordering(() => '{"characterId": ')],
  ['a body that is no object', 400, 'POST', '/api/trade', ordering(() => [order])],
  ['an empty body', 400, 'POST', '/api/trade', ordering(() => '')],
  [
    'a missing field',
    400,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, quantity: undefined })),
  ],
  ['an unknown field', 400, 'POST', '/api/trade', ordering(() => ({ ...order, price: 1 }))],
  ['a number as text', 400, 'POST', '/api/trade', ordering(() => ({ ...order, quantity: '1' }))],
  ['half a share', 400, 'POST', '/api/trade', ordering(() => ({ ...order, quantity: 0.5 }))],
  ['no share', 400, 'POST', '/api/trade', ordering(() => ({ ...order, quantity: 0 }))],
  ['a negative quantity', 400, 'POST', '/api/trade', ordering(() => ({ ...order, quantity: -1 }))],
  [
    'a quantity beyond 2^53',
    400,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, quantity: 2 ** 60 })),
  ],
  [
    'a NUL character',
    400,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, characterId: 'a\u0000b' })),
  ],
  [
    'prototype pollution',
    400,
    'POST',
    '/api/trade',
    ordering(() => '{"__proto__":{"quantity":1}}'),
  ],
  [
    'an Idempotency-Key too long',
    400,
    'POST',
    '/api/trade',
    ordering(() => order, { 'idempotency-key': 'k'.repeat(5000) }),
  ],
  ['no Idempotency-Key', 400, 'POST', '/api/trade', () => ({ token: customer.token, body: order })],
  [
    'a password too short',
    400,
    'POST',
    '/auth/register',
    () => ({ body: { ...account(), password: 'x' } }),
  ],
  [
    'an e-mail that is none',
    400,
    'POST',
    '/auth/register',
    () => ({ body: { ...account(), email: 'me' } }),
  ],
  [
    'an empty username',
    400,
    'POST',
    '/auth/register',
    () => ({ body: { ...account(), username: '' } }),
  ],
  ['no token', 401, 'GET', '/api/portfolio', () => ({})],
  ['a forged token', 401, 'GET', '/api/portfolio', () => ({ token: 'x'.repeat(43) })],
  [
    'another scheme',
    401,
    'GET',
    '/api/portfolio',
    () => ({ headers: { authorization: 'Basic eDp5' } }),
  ],
  [
    'a wrong password',
    401,
    'POST',
    '/auth/login',
    () => ({ body: { username: customer.username, password: 'wrong password' } }),
  ],
  [
    'an unknown user',
    401,
    'POST',
    '/auth/login',
    () => ({ body: { username: 'nobody-at-all', password: 'wrong password' } }),
  ],
  ['an unknown address', 404, 'GET', '/api/treasure', () => ({ token: customer.token })],
  [
    'an unknown character',
    404,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, characterId: 'nobody' })),
  ],
  [
    'a taken username',
    409,
    'POST',
    '/auth/register',
    () => ({ body: { ...account(), username: customer.username } }),
  ],
  [
    'more than the cash buys',
    409,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, quantity: 1_000_000 })),
  ],
  [
    'selling what one has not',
    409,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, action: 'sell' })),
  ],
  [
    'a body over 100 kB',
    413,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, note: 'x'.repeat(110_000) })),
  ],
  [
    'a body over 1 MB',
    413,
    'POST',
    '/api/trade',
    ordering(() => ({ ...order, note: 'x'.repeat(1_200_000) })),
  ],
  [
    'a body that is not JSON',
    415,
    'POST',
    '/api/trade',
    ordering(() => 'quantity=1', { 'content-type': 'text/plain' }),
  ],
  [
    'an unknown encoding',
    415,
    'POST',
    '/api/trade',
    ordering(() => order, { 'content-encoding': 'pirate' }),
  ],
];

test.each(cases)(
  '%s is answered with a %i problem',
  async (_what, status, method, path, options) => {
    expectProblem(await call(method, path, options()), status);
  },
);

describe('an Idempotency-Key', () => {
  test('used for another order is answered with a 422 problem, and moves nothing', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { token } = customer;
    const first = await call('POST', '/api/trade', { token, headers, body: order });
    expect(first.status, first.text).toBe(201);
    const other = { ...order, quantity: 2 };
    expectProblem(await call('POST', '/api/trade', { token, headers, body: other }), 422);
    const { cash } = await market(customer);
    expect(cash).toBe((JSON.parse(first.text) as { cash: number }).cash);
  });

  test('sent ten times at once trades once, with one answer byte for byte', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const before = await market(customer);
    const options = { token: customer.token, headers, body: order };
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => call('POST', '/api/trade', options)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    const replayed = replies.filter(
      ({ headers }) => headers.get('idempotency-replayed') === 'true',
    );
    expect(replayed).toHaveLength(9);

    const held = ({ characters }: typeof before) =>
      characters.find(({ id }) => id === order.characterId)?.quantity ?? 0;
    expect(held(await market(customer))).toBe(held(before) + 1);
  });
});

test('a stream goes through the gateway, for quotes and for orders', async () => {
  const { hostname, port } = new URL(address('web', 80));
  const socket = new WebSocket(`ws://${hostname}:${port}/api/stream`);
  const heard = new Map<string, Record<string, unknown>>();
  const say = (message: object) => {
    socket.send(JSON.stringify(message));
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as { type: string };
    heard.set(message.type, message);
  };
  socket.onopen = () => {
    say({ type: 'authenticate', token: customer.token });
    say({ type: 'subscribe', characters: [order.characterId] });
  };
  await waitFor('quotes', 15, (see) => Promise.resolve(see(heard).has('quotes')));

  const headers = { 'idempotency-key': randomUUID() };
  const limit = { characterId: order.characterId, side: 'buy', quantity: 1, limitPrice: 1 };
  await demand(201, 'POST', '/api/orders', { token: customer.token, headers, body: limit });
  await waitFor('the order', 15, (see) => Promise.resolve(see(heard).get('order')));
  expect(heard.get('order')).toMatchObject({ order: { ...limit, status: 'open' } });
  socket.close();
});

test('what `make up` started is what was deployed last', async () => {
  const { lastDeployment } = (await demand(200, 'GET', '/dora')) as {
    lastDeployment: { revision: string; outcome: string } | null;
  };
  const revision = (await command('git', ['rev-parse', 'HEAD'])).trim();
  expect(lastDeployment).toMatchObject({ revision, outcome: 'succeeded' });
});

test.each(['/metrics', '//metrics', '/metrics/', '/api/../metrics', '/%6detrics', '/METRICS'])(
  'the gateway keeps metrics inside: %s',
  async (path) => {
    for (const port of [80, 3000]) {
      const { status, body } = await rawGet(address('web', port), path);
      expect(status).not.toBe(200);
      expect(body).not.toContain('http_requests_total');
    }
  },
);

test('the gateway leaves it to the API to say what there is, but for its own pages', async () => {
  for (const port of [80, 3000]) {
    const { status, body } = await rawGet(address('web', port), '/../../etc/passwd');
    expect(status).toBe(404);
    expect(body).toContain('There is nothing at this path.');
  }
  expect((await call('POST', '/webhooks/alertmanager')).status).toBe(404);
  expect((await rawGet(address('web', 80), '/')).body).toContain('<title>');
  expect((await rawGet(address('web', 80), '/faults')).status).toBe(404);
});

/** GET with the path exactly as given; `fetch` would tidy it up first. */
function rawGet(base: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to GET ${path}`)));
    socket.on('error', reject);
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => {
      resolve({ status: Number(answer.split(' ')[1]), body: answer });
    });
    // Not closed from our end: to a proxy that would be a client who has gone away.
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
  });
}
