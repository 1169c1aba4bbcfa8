import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from './database.ts';
import { STARTING_CREDIT } from './ledger/accounts.ts';
import { createTradeMetrics } from './metrics/trading.ts';
import { fillCrossed, FILLS_PER_ROUND, SHARES_PER_ROUND } from './orders/matching.ts';
import { decodeBoard, QUOTES_KEY } from './quotes/quote.ts';
import { TEST_NAME } from './testing/database.ts';
import { eventually } from './testing/eventually.ts';
import {
  cancel,
  fillRound,
  freeCash,
  freeShares,
  held,
  isOpen,
  newPerson,
  place,
  trade,
  type ModelOrder,
  type ModelQuote,
  type Person,
} from './testing/model.ts';
import { testSeed } from './testing/seed.ts';
import {
  answered,
  startSystem,
  type Answer,
  type Customer,
  type TestSystem,
} from './testing/system.ts';

/**
 * Thousands of random operations of many customers at once, some sent two or three times at the same moment, against the real API on
 * real Postgres and Redis. Each answer is what the model says, and after each round so is everything that anybody has; also when the
 * connections to both servers break in the middle of it. (That processes are killed as well: tests/killed.chaos.test.ts.)
 */

const CUSTOMERS = 12;
const ROUNDS = 10;
/** Fewer, because each broken connection costs its customer a second until it is tried again. */
const STORMY_ROUNDS = 4;
const OPERATIONS_A_ROUND = 10;
const CHARACTERS = ['sable-nine', 'the-bosun', 'old-tamsin'];

let system: TestSystem;
let database: Database;
let metrics: ReturnType<typeof createTradeMetrics>;
let probe: Customer;
beforeAll(async () => {
  system = await startSystem({ DATABASE_POOL_MAX: '20' });
  metrics = createTradeMetrics(new Registry());
  probe = await system.register(undefined, { realtime: true });
  database = createDatabase({ url: system.config.databaseUrl, poolMax: 2 }, system.telemetry);
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});

const character = fc.constantFrom(...CHARACTERS);
const side = fc.constantFrom('buy' as const, 'sell' as const);
// Mostly such that there is money for it, now and then far too much; and enough to use up what the house has for a round.
const quantity = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2000, max: 1_000_000 }) },
);
const price = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 800, max: 1200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('trade' as const), character, side, quantity }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      character,
      side,
      quantity,
      limit: price,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which: fc.nat() }) },
);
/** How often at the same moment, with one key. */
const times = fc.constantFrom(1, 1, 1, 2, 3);
const round = fc.record({
  bid: price,
  spread: fc.integer({ min: 1, max: 5 }),
  operations: fc.array(
    fc.array(fc.record({ operation, times }), {
      minLength: OPERATIONS_A_ROUND,
      maxLength: OPERATIONS_A_ROUND,
    }),
    { minLength: CUSTOMERS, maxLength: CUSTOMERS },
  ),
});
type Step = { operation: Operation; times: number };
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A request that was sent, and what came. */
interface Sent {
  path: string;
  body: object;
  key: string;
  answer: Answer;
}

/** A customer, what the model says of them, and what they have sent. */
interface Player {
  customer: Customer;
  person: Person;
  sent: Sent[];
}

const scenario = (rounds: number) => fc.array(round, { minLength: rounds, maxLength: rounds });
const seed = testSeed();

test('a model of the exchange says what every answer is and what everybody has', async () => {
  const runs = fc.asyncProperty(scenario(ROUNDS), (rounds) => play(rounds));
  await fc.assert(runs, { seed, numRuns: 2, endOnFailure: true });
}, 240_000);

test('the same while Postgres back ends are terminated and connections to Redis are cut', async () => {
  const runs = fc.asyncProperty(scenario(STORMY_ROUNDS), (rounds) => play(rounds, { storm: true }));
  await fc.assert(runs, { seed, numRuns: 1, endOnFailure: true });
  const cutOff = { route: '/api/trade', status_code: '503' };
  expect(await system.metric('http_requests_total', cutOff)).toBeGreaterThan(10);
}, 240_000);

type Rounds = (typeof round extends fc.Arbitrary<infer T> ? T : never)[];

async function play(rounds: Rounds, { storm } = { storm: false }): Promise<void> {
  const players = await Promise.all(
    Array.from({ length: CUSTOMERS }, async (): Promise<Player> => {
      const customer = await system.register(undefined, { realtime: true });
      return { customer, person: newPerson(STARTING_CREDIT), sent: [] };
    }),
  );
  for (const { bid, spread, operations } of rounds) {
    const quote = { bid, ask: bid + spread };
    const quoting = await keepQuoting(quote);
    const calm = new AbortController();
    const cutting = storm ? cutConnections(calm.signal) : undefined;
    await Promise.all(
      players.map(async (player, n) => {
        for (const step of operations[n] ?? []) await perform(player, step, quote);
      }),
    );
    calm.abort();
    await cutting;
    clearInterval(quoting);

    const board = decodeBoard((await system.redis.get(QUOTES_KEY)) ?? '');
    await fillCrossed({ database, telemetry: system.telemetry, metrics }, board);
    fillRound(
      players.map(({ person }) => person),
      quote,
      { shares: SHARES_PER_ROUND, fills: FILLS_PER_ROUND },
    );
    await Promise.all(players.map((player) => compare(player, quote)));
    expect(await system.database.sql('SELECT * FROM ledger_differences')).toEqual([]);
  }
  // What was tried was not all refused.
  const statuses = players.flatMap(({ sent }) => sent.map(({ answer }) => answer.status));
  expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(statuses.length / 5);
  // Open orders of one run would be filled by the rounds of the next.
  for (const { customer, person } of players) {
    for (const order of person.orders.filter(isOpen)) {
      expect((await cancelOrder(customer, order)).status).toBe(200);
    }
  }
}

/** Quotes every character, again and again because a price is good for 3 seconds; resolves once the API trades on it. */
async function keepQuoting(quote: ModelQuote): Promise<NodeJS.Timeout> {
  await system.quote(Date.now(), quote);
  const order = { characterId: CHARACTERS[0], action: 'buy', quantity: 1 };
  await eventually(async () => (await probe.trade(order)).json).toMatchObject({
    trade: { price: quote.ask },
  });
  return setInterval(() => void system.quote(Date.now(), quote), 500);
}

/** Breaks what the API holds open to Postgres and Redis, again and again until it is told to end. */
async function cutConnections(ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await system.database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> '${TEST_NAME}'`,
    );
    for (const type of ['normal', 'pubsub'])
      await system.redis.call('CLIENT', 'KILL', 'TYPE', type);
    await wait(400);
  }
}

function post({ token }: Customer, path: string, body: object, key: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
  return answered(() => system.post(path, body, headers));
}

function cancelOrder(customer: Customer, { id }: ModelOrder): Promise<Answer> {
  return answered(() => customer.delete(`/api/orders/${id}`));
}

/** Sends an operation once or several times at the same moment, and holds the answers against the model. */
async function perform(player: Player, { operation: step, times: n }: Step, quote: ModelQuote) {
  switch (step.kind) {
    case 'trade': {
      const { character: characterId, side: action, quantity: shares } = step;
      const answer = await send(player, n, '/api/trade', { characterId, action, quantity: shares });
      const outcome = trade(player.person, characterId, action, shares, quote);
      if (outcome === 'done') {
        expect(answer.json).toMatchObject({
          trade: { characterId, action, quantity: shares },
          cash: freeCash(player.person),
          quantity: player.person.positions.get(characterId)?.quantity,
        });
      }
      expectOutcome(answer, outcome);
      return;
    }
    case 'place': {
      const { character: characterId, side: orderSide, quantity: shares, limit } = step;
      const order = { characterId, side: orderSide, quantity: shares, limitPrice: limit };
      const answer = await send(player, n, '/api/orders', order);
      const { outcome, order: placed } = place(player.person, { ...order, limit });
      expectOutcome(answer, outcome);
      if (placed) placed.id = Number((answer.json as { id: string }).id);
      return;
    }
    case 'cancel': {
      const order = player.person.orders[step.which % player.person.orders.length];
      if (!order) return;
      const answers = await Promise.all(
        Array.from({ length: n }, () => cancelOrder(player.customer, order)),
      );
      cancel(order);
      for (const { status } of answers)
        expect(status).toBe(order.status === 'cancelled' ? 200 : 409);
      return;
    }
    case 'repeat': {
      const earlier = player.sent[step.which % player.sent.length];
      if (!earlier) return;
      const { path, body, key, answer } = earlier;
      const again = await post(player.customer, path, body, key);
      expect([again.status, again.text]).toEqual([answer.status, answer.text]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      const other = await post(player.customer, path, { ...body, quantity: 77 }, key);
      expect(other.status).toBe(422);
    }
  }
}

/** @returns the answer, which is the same for all */
async function send({ customer, sent }: Player, n: number, path: string, body: object) {
  const key = crypto.randomUUID();
  const answers = await Promise.all(
    Array.from({ length: n }, () => post(customer, path, body, key)),
  );
  const [answer] = answers;
  if (!answer) throw new Error('nothing was sent');
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  const fresh = answers.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true');
  // None is left where the connection broke before the answer to the one that did it.
  expect(fresh.length).toBeLessThanOrEqual(1);
  sent.push({ path, body, key, answer });
  return answer;
}

function expectOutcome({ status, text, json }: Answer, outcome: string) {
  expect(status, text).toBe(outcome === 'done' ? 201 : 409);
  if (outcome !== 'done') expect(json).toMatchObject({ type: `/problems/${outcome}` });
}

/** Everything that the API tells of a customer, against the model. */
async function compare({ customer, person }: Player, quote: ModelQuote) {
  const portfolio = (await answered(() => customer.get('/api/portfolio'))).json as {
    cash: number;
    reservedCash: number;
    equity: number;
    holdings: { characterId: string }[];
  };
  expect(portfolio).toMatchObject({
    cash: freeCash(person),
    reservedCash: person.cash - freeCash(person),
  });
  const positions = [...person.positions].filter(([, { quantity: shares }]) => shares > 0);
  expect(new Map(portfolio.holdings.map((holding) => [holding.characterId, holding]))).toEqual(
    new Map(
      positions.map(([characterId, { quantity: shares, cost }]) => [
        characterId,
        expect.objectContaining({
          quantity: shares,
          reserved: shares - freeShares(person, characterId),
          cost,
        }) as unknown,
      ]),
    ),
  );
  // What somebody has is what they brought and what they made of it.
  const value = positions.map(([, position]) => position.quantity * quote.bid);
  const made = [...person.positions.values()].reduce((total, { realised }) => total + realised, 0);
  const unmade = positions.reduce((total, [, { cost }], n) => total + (value[n] ?? 0) - cost, 0);
  expect(person.paidIn + made + unmade).toBe(person.cash + value.reduce((a, b) => a + b, 0));
  expect(portfolio.equity).toBe(person.paidIn + made + unmade);

  const orders = await allOf<{ id: string }>(customer, '/api/orders', 'orders');
  expect(new Map(orders.map((order) => [Number(order.id), order]))).toEqual(
    new Map(
      person.orders.map((order) => [order.id, expect.objectContaining(seenAs(order)) as unknown]),
    ),
  );
  expect(await allOf(customer, '/api/trades', 'trades')).toHaveLength(person.trades);
}

function seenAs(order: ModelOrder) {
  const { side: orderSide, quantity: shares, limit, filled, amount, status } = order;
  return {
    side: orderSide,
    quantity: shares,
    limitPrice: limit,
    filled,
    cancelled: isOpen(order) ? 0 : shares - filled,
    remaining: isOpen(order) ? shares - filled : 0,
    amount,
    status,
    reserved: isOpen(order) ? held(order) : 0,
  };
}

/** All pages of a list. */
async function allOf<Item extends { id: string }>(customer: Customer, path: string, name: string) {
  const all: Item[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const query = before === undefined ? '' : `&before=${before}`;
    const { json } = await answered(() => customer.get(`${path}?limit=50${query}`));
    const page = (json as Record<string, Item[]>)[name] ?? [];
    all.push(...page);
    if (page.length < 50) return all;
  }
}
