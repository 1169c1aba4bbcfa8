import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import type { Session } from '../auth/sessions.ts';
import { createApiMetrics } from '../metrics/roles.ts';
import { cents } from '../money.ts';
import { unauthorized } from '../problem.ts';
import { board, type QuoteBoard } from '../quotes/quote.ts';
import { eventually } from '../testing/eventually.ts';
import { connectStream, type StreamClient } from '../testing/stream.ts';
import { isHandshake } from './handshake.ts';
import { LIMITS, type Limits } from './limits.ts';
import { createStreams, type Streams } from './streams.ts';

/** What bounds the streams of a process: on real sockets, with bounds that a test can wait for. */

interface Started {
  streams: Streams;
  /** The server's ends of the connections, in the order they came. */
  sockets: Duplex[];
  /** Customers who are logged in, by their token. */
  sessions: Map<string, Session>;
  /** Publishes a board on which every price is another than on the last one, which is then what others see late. */
  push(): void;
  connect(token?: string, plan?: { realtime: boolean }): Promise<StreamClient>;
  connections(): Promise<number>;
  close(): Promise<void>;
}

let started: Started;
afterEach(() => started.close());

const characters = Array.from({ length: 20 }, (_, index) => ({ id: `character-${index}` }));

async function start(limits: Partial<Limits>): Promise<Started> {
  const sessions = new Map<string, Session>();
  const registry = new Registry();
  let round = 0;
  let current: QuoteBoard | undefined;
  let delayed: QuoteBoard | undefined;
  let pushed: () => void = () => undefined;
  const streams = createStreams({
    auth: {
      authenticate(authorization) {
        const session = sessions.get(authorization?.replace('Bearer ', '') ?? '');
        return session ? Promise.resolve(session) : Promise.reject(unauthorized('Unknown token.'));
      },
    },
    sessions: {
      renew: (held) =>
        Promise.resolve(held.map((one) => [...sessions.values()].find((open) => open === one))),
    },
    activity: { seen: () => undefined },
    quotes: {
      current: () => Promise.resolve(current),
      delayed: () => Promise.resolve(delayed),
      onPushed(listener) {
        pushed = listener;
      },
    },
    characters,
    telemetry: {
      logger: { http: () => undefined, warn: console.warn, error: console.error },
      span: (_name: string, _attributes: object, run: (span: object) => unknown) =>
        run({ setAttribute: () => undefined }),
    } as never,
    metrics: createApiMetrics(registry as never),
    addressOf: () => '203.0.113.1',
    limits: { ...LIMITS, closeMs: 500, ...limits },
  });

  const sockets: Duplex[] = [];
  const server = createServer({ shouldUpgradeCallback: isHandshake });
  server.on('upgrade', (request, socket, head) => {
    sockets.push(socket);
    streams.upgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    streams,
    sockets,
    sessions,
    push() {
      round += 1;
      delayed = current;
      const last = cents(1000 + (round % 2));
      current = board(
        round,
        round,
        characters.map(({ id }) => ({
          characterId: id,
          bid: last,
          ask: last,
          last,
          open: last,
          haltedUntil: null,
        })),
      );
      pushed();
    },
    async connect(token, plan = { realtime: true }) {
      if (token === undefined) return connectStream(url);
      sessions.set(token, {
        tokenHash: Buffer.from(token),
        user: { id: token, username: token, email: token, ...plan },
      });
      const client = await connectStream(url, { authorization: `Bearer ${token}` });
      await eventually(() => client.of('authenticated').length).toBe(1);
      return client;
    },
    async connections() {
      const metric = await registry.getSingleMetric('websocket_connections')?.get();
      return metric?.values[0]?.value ?? -1;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await streams.close();
      await closed;
    },
  };
}

test('a client that does not read gets fewer quotes and then none, while others get all', async () => {
  started = await start({ behindMs: 100 });
  const { sockets } = started;
  const slow = await started.connect('slow');
  const fast = await started.connect('fast');
  for (const client of [slow, fast]) {
    client.say({ type: 'subscribe', characters: 'all' });
    await client.settled();
  }
  slow.socket.pause();

  // Until the kernel's buffers are full and the rest would have to be kept here.
  let rounds = 0;
  let kept = 0;
  while ((await started.connections()) === 2) {
    started.push();
    rounds += 1;
    await turn();
    kept = Math.max(kept, sockets[0]?.writableLength ?? 0);
  }
  await eventually(() => fast.of('quotes').length).toBe(rounds);
  const oneRound = JSON.stringify(fast.of('quotes')[0]).length;
  expect(kept).toBeGreaterThan(LIMITS.quotesBytes);
  expect(kept).toBeLessThan(LIMITS.quotesBytes + 2 * oneRound);
});

test('customers without the real-time plan see quotes late, also the first ones', async () => {
  started = await start({});
  const realtime = await started.connect('realtime');
  const other = await started.connect('other', { realtime: false });
  started.push();
  started.push();
  for (const client of [realtime, other]) client.say({ type: 'subscribe', characters: 'all' });
  await other.settled();
  await realtime.settled();
  started.push();
  const times = (client: StreamClient) =>
    client.of('quotes').map(({ quotedAt }) => Date.parse(quotedAt as string));
  await eventually(() => times(realtime)).toEqual([2, 3]);
  await eventually(() => times(other)).toEqual([1, 2]);
});

test('a client that does not read is dropped, and told why, when what cannot be left out piles up', async () => {
  started = await start({ closeMs: 10_000 });
  const { sockets, streams } = started;
  const slow = await started.connect('slow');
  slow.socket.pause();
  const kept = () => sockets[0]?.writableLength ?? 0;
  while (kept() <= LIMITS.bufferedBytes) {
    streams.tellOwner({ userId: 'slow', order: { id: '1', note: 'x'.repeat(1000) } });
    await turn();
  }
  const most = kept();
  streams.tellOwner({ userId: 'slow', order: { id: '2' } });
  expect(kept()).toBeLessThanOrEqual(most);

  slow.socket.resume();
  expect(await slow.closed).toMatchObject({
    code: 4408,
    reason: expect.stringContaining('slowly') as string,
  });
  expect(slow.of('order')).not.toContainEqual({ type: 'order', order: { id: '2' } });
});

test('who does not authenticate in time is told so, and closed', async () => {
  started = await start({ authenticateMs: 50 });
  const client = await started.connect();
  expect(await client.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  expect(client.messages).toEqual([
    {
      type: 'error',
      code: 'unauthorized',
      detail: 'Expected an authenticate message within 5 seconds.',
    },
  ]);
});

test('who does not answer a ping is dropped', async () => {
  started = await start({ pingMs: 200 });
  const dead = await started.connect('dead');
  const alive = await started.connect('alive');
  dead.socket.pause();
  await eventually(() => started.connections()).toBe(1);
  await alive.settled();
});

test('a stream ends with its session', async () => {
  started = await start({ sessionsMs: 50 });
  const one = await started.connect('one');
  const other = await started.connect('other');
  started.sessions.delete('one');
  expect(await one.closed).toMatchObject({ code: 4401 });
  await other.settled();
});

test('there are only so many streams, all together and of one customer', async () => {
  started = await start({ connections: 3, connectionsPerCustomer: 2 });
  const first = await started.connect('customer');
  await started.connect('customer');
  const third = await started.connect();
  third.say({ type: 'authenticate', token: 'customer' });
  expect(await third.closed).toEqual({ code: 1013, reason: 'Too many streams' });
  expect(third.of('error')).toMatchObject([{ code: 'too-many-streams' }]);

  await started.connect('another');
  const fourth = await started.connect();
  expect(await fourth.closed).toMatchObject({ code: 1013 });

  first.socket.close();
  await first.closed;
  await eventually(() => started.connections()).toBe(2);
  await started.connect('customer');
});

test('stopping closes every stream with 1001, also those that came late, and waits for none that is dead', async () => {
  started = await start({});
  const client = await started.connect('alive');
  const dead = await started.connect('dead');
  dead.socket.pause();
  const stopped = started.streams.close();
  const late = await started.connect();
  expect(await client.closed).toMatchObject({ code: 1001 });
  expect(await late.closed).toMatchObject({ code: 1001 });
  await stopped;
  expect(await started.connections()).toBe(0);
});
