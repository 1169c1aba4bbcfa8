import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
import { createDatabase, type Database } from '../database.ts';
import { createWorkerMetrics } from '../metrics/roles.ts';
import { createTradeMetrics } from '../metrics/trading.ts';
import { cents } from '../money.ts';
import { board, type Quote } from '../quotes/quote.ts';
import { eventually } from '../testing/eventually.ts';
import {
  answered,
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { expiryTask, type ExpiryDependencies } from './expiry.ts';
import {
  createMatching,
  fillCrossed,
  SHARES_PER_ROUND,
  type MatchingDependencies,
} from './matching.ts';
import type { Order } from './order.ts';

/** The API, and beside it what fills orders in the market and what expires them in the worker. */
/** What a task is told while nobody stops it. */
const going = AbortSignal.any([]);

let system: TestSystem;
let database: Database;
let market: MatchingDependencies & { telemetry: Telemetry };
let worker: ExpiryDependencies & { telemetry: Telemetry };
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  const marketTelemetry = createTestTelemetry('market', system.config);
  const workerTelemetry = createTestTelemetry('worker', system.config);
  database = createDatabase({ url: system.config.databaseUrl, poolMax: 5 }, marketTelemetry);
  market = {
    database,
    telemetry: marketTelemetry,
    metrics: createTradeMetrics(marketTelemetry.registry),
  };
  worker = {
    database,
    telemetry: workerTelemetry,
    metrics: createWorkerMetrics(workerTelemetry.registry),
  };
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});
beforeEach(async () => {
  await database.query({
    name: 'close_all',
    operation: 'call',
    table: 'orders',
    text: "SELECT close_order(user_id, id, 'cancelled', '{}') FROM orders WHERE closed_at IS NULL",
  });
  await system.quote();
  customer = await system.register();
});

const limit = (side: string, quantity: number, limitPrice: number, more = {}) => ({
  characterId: CHARACTER,
  side,
  quantity,
  limitPrice,
  ...more,
});
const marketOrder = (action: string, quantity: number) => ({
  characterId: CHARACTER,
  action,
  quantity,
});

async function place(...order: Parameters<typeof limit>): Promise<Order> {
  const { status, json, text } = await customer.order(limit(...order));
  expect(status, text).toBe(201);
  return json as Order;
}

function quote(bid: number, ask: number, more: Partial<Quote> = {}): Quote {
  const last = cents(Math.floor((bid + ask) / 2));
  const prices = { bid: cents(bid), ask: cents(ask), last, open: last };
  return { characterId: CHARACTER, ...prices, haltedUntil: null, ...more };
}

/** One round of the market at these prices. */
function quoted(bid: number, ask: number, quotedAt = Date.now(), characterId = CHARACTER) {
  return fillCrossed(market, board(quotedAt, 1, [quote(bid, ask, { characterId })]));
}

const look = async (order: Order) => (await customer.get(`/api/orders/${order.id}`)).json as Order;
const portfolio = async () => (await customer.get('/api/portfolio')).json;
const differences = () => system.database.sql('SELECT * FROM ledger_differences');

describe('an order to buy', () => {
  test('holds back what it takes at most, fills at the ask, and gives back the rest', async () => {
    // 100 at 1000 are 100,000 and 100 commission.
    const order = await place('buy', 100, 1000);
    expect(order).toMatchObject({
      status: 'open',
      filled: 0,
      remaining: 100,
      reserved: 100_100,
      amount: 0,
      commission: 0,
      closedAt: null,
    });
    expect(await portfolio()).toMatchObject({
      cash: 899_900,
      reservedCash: 100_100,
      equity: 1_000_000,
    });

    await quoted(989, 1001);
    expect(await look(order)).toMatchObject({ status: 'open' });
    await quoted(980, 990);
    // 100 at 990 are 99,000 and 99 commission.
    expect(await look(order)).toMatchObject({
      status: 'filled',
      filled: 100,
      remaining: 0,
      reserved: 0,
      amount: 99_000,
      commission: 99,
      closedAt: expect.any(String) as string,
    });
    expect(await portfolio()).toMatchObject({
      cash: 1_000_000 - 99_099,
      reservedCash: 0,
      holdings: [{ quantity: 100, reserved: 0, cost: 99_099, averageCost: 991 }],
    });
    expect(await differences()).toEqual([]);
  });

  test('is filled in parts as far as the house sells in a round, best limit first, then the oldest', async () => {
    const first = await place('buy', 200, 1000);
    const best = await place('buy', 100, 1100);
    const last = await place('buy', 50, 1000);
    await quoted(980, 990);
    // 100 of 250 to the best, 150 to the first, none to the last.
    expect(await look(best)).toMatchObject({ status: 'filled', filled: 100 });
    expect(await look(first)).toMatchObject({
      status: 'partially_filled',
      filled: 150,
      remaining: 50,
      amount: 148_500,
      commission: 149,
      // 50 at 1000, and the commission on 198,500 in all is 199 (half a cent up), of which 149 are paid.
      reserved: 50_050,
    });
    expect(await look(last)).toMatchObject({ status: 'open', filled: 0 });

    await quoted(800, 900);
    expect(await look(first)).toMatchObject({
      status: 'filled',
      amount: 148_500 + 45_000,
      commission: 194,
    });
    expect(await look(last)).toMatchObject({ status: 'filled', amount: 45_000, commission: 45 });
    expect(SHARES_PER_ROUND).toBe(250);
    expect(await differences()).toEqual([]);
  });

  test('is not filled at quotes of more than 3 seconds ago', async () => {
    const order = await place('buy', 1, 1000);
    await quoted(980, 990, Date.now() - 3100);
    expect(await look(order)).toMatchObject({ status: 'open' });
  });
});

test('an order to sell holds back shares, fills at the bid, and pays the commission of what it brings', async () => {
  await customer.trade(marketOrder('buy', 10)); // costs 10,020
  const order = await place('sell', 6, 1500);
  expect(order.reserved).toBe(6);
  expect(await portfolio()).toMatchObject({ holdings: [{ quantity: 10, reserved: 6 }] });

  // What is held back can be sold by nothing else.
  const other = await customer.trade(marketOrder('sell', 5));
  expect(other.json).toMatchObject({
    status: 409,
    type: '/problems/insufficient-holding',
    detail: 'Selling 5 shares was asked for; 4 are free to be sold.',
  });

  await quoted(1499, 1501);
  expect(await look(order)).toMatchObject({ status: 'open' });
  await quoted(1600, 1601);
  // 9600 less 10 commission; 6 of 10 shares cost 6012.
  expect(await look(order)).toMatchObject({ status: 'filled', amount: 9600, commission: 10 });
  expect(await portfolio()).toMatchObject({
    cash: 1_000_000 - 10_020 + 9590,
    realisedProfit: 9590 - 6012,
    holdings: [{ quantity: 4, reserved: 0, cost: 4008, realisedProfit: 3578 }],
  });
  expect(await differences()).toEqual([]);
});

test('a round serves all characters, and one order that fails holds up no other', async () => {
  const order = await place('buy', 1, 1000);
  const other = await system.register();
  const failing = (await other.order(limit('buy', 1, 1001))).json as Order;
  await system.database.sql(
    `ALTER TABLE positions ADD CONSTRAINT fault CHECK (user_id <> '${other.id}')`,
  );
  await quoted(980, 990);
  expect(await look(order)).toMatchObject({ status: 'filled' });
  await system.database.sql('ALTER TABLE positions DROP CONSTRAINT fault');
  await quoted(980, 990);
  expect((await other.get(`/api/orders/${failing.id}`)).json).toMatchObject({ status: 'filled' });
});

test('an order rests while trading in its character is halted', async () => {
  const order = await place('buy', 1, 1000);
  const halted = quote(980, 990, { haltedUntil: Date.now() + 30_000 });
  await fillCrossed(market, board(Date.now(), 1, [halted]));
  expect(await look(order)).toMatchObject({ status: 'open' });
  await quoted(980, 990);
  expect(await look(order)).toMatchObject({ status: 'filled' });
});

test('rounds follow one another and never run beside each other', async () => {
  const order = await place('buy', 3 * SHARES_PER_ROUND, 100);
  const matching = createMatching(market);
  for (let tick = 0; tick < 10; tick += 1) {
    matching.begin(board(Date.now(), 1, [quote(80, 90)]));
  }
  await matching.close();
  expect(await look(order)).toMatchObject({ filled: SHARES_PER_ROUND });
});

describe('cancelling', () => {
  test('gives back what is held for the rest, and can be asked for again', async () => {
    const order = await place('buy', 300, 1000);
    await quoted(980, 990);
    const cancelled = await customer.delete(`/api/orders/${order.id}`);
    expect(cancelled.status).toBe(200);
    expect(cancelled.json).toMatchObject({
      status: 'cancelled',
      filled: 250,
      cancelled: 50,
      remaining: 0,
      reserved: 0,
      amount: 247_500,
      commission: 248,
    });
    expect(await portfolio()).toMatchObject({ cash: 1_000_000 - 247_748, reservedCash: 0 });

    expect((await customer.delete(`/api/orders/${order.id}`)).text).toBe(cancelled.text);
    await quoted(980, 990);
    expect(await look(order)).toEqual(cancelled.json);
    expect(await differences()).toEqual([]);
  });

  test('what is filled is a 409, what is not there or not yours a 404', async () => {
    const order = await place('buy', 1, 1000);
    const other = await system.register();
    expect((await other.delete(`/api/orders/${order.id}`)).status).toBe(404);
    expect((await other.get(`/api/orders/${order.id}`)).status).toBe(404);
    await quoted(980, 990);
    const filled = await customer.delete(`/api/orders/${order.id}`);
    expect(filled.json).toMatchObject({ status: 409, type: '/problems/order-closed' });
    expect((await customer.delete('/api/orders/999999999')).status).toBe(404);
    expect((await customer.delete('/api/orders/0')).status).toBe(400);
  });

  test('and filling at the same time: one of them wins, and the books are right', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      const order = await place('buy', 10, 1000);
      const [answer] = await Promise.all([
        customer.delete(`/api/orders/${order.id}`),
        quoted(980, 990),
      ]);
      const { status, filled } = await look(order);
      expect([status, filled, answer.status]).toBeOneOf([
        ['cancelled', 0, 200],
        ['filled', 10, 409],
      ]);
      outcomes.push(status);
    }
    const filled = outcomes.filter((outcome) => outcome === 'filled').length;
    expect(await portfolio()).toMatchObject({
      cash: 1_000_000 - filled * 9910,
      reservedCash: 0,
    });
    expect(await differences()).toEqual([]);
  });
});

describe('an order with an expiry', () => {
  const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

  test('is closed when its time is over, and what it held is given back', async () => {
    const order = await place('buy', 300, 1000, { expiresAt: soon(60_000) });
    const later = await place('buy', 1, 900, { expiresAt: soon(60_000) });
    await quoted(980, 990);
    await expiryTask(worker).run(going);
    expect(await look(order)).toMatchObject({ status: 'partially_filled' });

    // As if a minute had passed, for one of them.
    await system.database.sql(`BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE orders SET expires_at = now() WHERE id = ${order.id}; COMMIT`);
    await quoted(980, 990);
    expect(await look(order)).toMatchObject({ status: 'partially_filled', filled: 250 });
    // Two workers at once.
    await Promise.all([expiryTask(worker).run(going), expiryTask(worker).run(going)]);
    expect(await look(order)).toMatchObject({
      status: 'expired',
      filled: 250,
      cancelled: 50,
      reserved: 0,
    });
    expect(await look(later)).toMatchObject({ status: 'open' });
    expect((await customer.delete(`/api/orders/${order.id}`)).status).toBe(409);
    expect(await portfolio()).toMatchObject({ reservedCash: later.reserved });
    expect(await differences()).toEqual([]);
  });

  test.each([
    ['in the past', -1000],
    ['in more than 30 days', 31 * 86_400_000],
  ])('%s is a 400 that names the field, and the key stays free', async (_name, ms) => {
    const refused = await customer.order(limit('buy', 1, 1000, { expiresAt: soon(ms) }), 'key');
    expect(refused.status).toBe(400);
    expect(refused.json).toMatchObject({ errors: [{ field: 'expiresAt' }] });
    expect((await customer.order(limit('buy', 1, 1000), 'key')).status).toBe(201);
  });
});

describe('an order is refused', () => {
  test.each([
    ['for more cash than is free', limit('buy', 1000, 1000), 409, 'insufficient-funds'],
    ['for a cent too much', limit('buy', 999, 1001), 409, 'insufficient-funds'],
    ['for more shares than are free', limit('sell', 1, 1000), 409, 'insufficient-holding'],
    [
      'for a character that does not exist',
      { ...limit('buy', 1, 1000), characterId: 'nobody' },
      404,
      'unknown-character',
    ],
  ])('%s, with a reason that is kept', async (_name, order, status, code) => {
    const refused = await customer.order(order, 'key');
    expect(refused.status).toBe(status);
    expect(refused.headers.get('content-type')).toMatch('application/problem+json');
    expect(refused.json).toMatchObject({
      type: `/problems/${code}`,
      instance: '/api/orders',
      requestId: refused.headers.get('x-request-id'),
    });
    expect((await customer.order(order, 'key')).text).toBe(refused.text);
    expect(await portfolio()).toMatchObject({ cash: 1_000_000, reservedCash: 0 });
    expect((await customer.get('/api/orders')).json).toEqual({ orders: [], next: null });
  });

  test.each([
    ['a limit of 0', limit('buy', 1, 0), 'limitPrice'],
    ['a limit of half a cent', limit('buy', 1, 0.5), 'limitPrice'],
    ['a limit beyond a billion', limit('buy', 1, 1_000_000_001), 'limitPrice'],
    ['more than a million shares', limit('buy', 1_000_001, 1), 'quantity'],
    ['an unknown side', limit('short', 1, 1), 'side'],
    ['an expiry that is no time', limit('buy', 1, 1, { expiresAt: 'tomorrow' }), 'expiresAt'],
    ['an unknown field', limit('buy', 1, 1, { price: 1 }), 'price'],
  ])('with %s: a 400 that names the field', async (_name, order, field) => {
    const refused = await customer.order(order);
    expect(refused.status).toBe(400);
    expect(refused.json).toMatchObject({ errors: [{ field }] });
  });

  test('when 200 are open', async () => {
    const one = await place('buy', 1, 1);
    for (let placed = 1; placed < 200; placed += 1) await place('buy', 1, 1);
    expect((await customer.order(limit('buy', 1, 1))).json).toMatchObject({
      status: 409,
      type: '/problems/too-many-orders',
    });
    await customer.delete(`/api/orders/${one.id}`);
    expect((await customer.order(limit('buy', 1, 1))).status).toBe(201);
  });
});

test('of 30 orders at once with cash for 5, exactly 5 are placed', async () => {
  // 190 at 1000 are 190,000 and 190 commission.
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      answered(() => customer.order(limit('buy', 190, 1000), `rush-${n}`)),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(25);
  expect(await portfolio()).toMatchObject({ cash: 1_000_000 - 950_950, reservedCash: 950_950 });
  expect(await differences()).toEqual([]);
});

test('ten requests at once with one Idempotency-Key place one order and get equal answers', async () => {
  const order = limit('buy', 10, 1000);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => customer.order(order, 'race')),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true');
  expect(replayed).toHaveLength(9);
  expect((await customer.get('/api/orders')).json).toMatchObject({ orders: [answers[0]?.json] });

  // Also when the order has changed since.
  await quoted(980, 990);
  expect((await customer.order(order, 'race')).text).toBe(answers[0]?.text);
  expect((await customer.order(limit('buy', 11, 1000), 'race')).status).toBe(422);
});

test('lists come newest first and in pages, of all orders or of one status; trades too', async () => {
  const placed: string[] = [];
  for (let n = 0; n < 5; n += 1) placed.unshift((await place('buy', 1, 1000 + n)).id);
  await customer.delete(`/api/orders/${placed[0] ?? ''}`);
  await quoted(1001, 1002);
  const ids = async (path: string) => {
    const { json } = await customer.get(path);
    const { orders, trades, next } = json as {
      orders?: { id: string }[];
      trades?: { orderId: string }[];
      next: string | null;
    };
    return [orders?.map(({ id }) => id) ?? trades?.map(({ orderId }) => orderId), next];
  };
  const [fifth, fourth, third, second, first] = placed;
  expect(await ids('/api/orders')).toEqual([placed, null]);
  expect(await ids('/api/orders?limit=2')).toEqual([[fifth, fourth], fourth]);
  expect(await ids(`/api/orders?limit=2&before=${fourth ?? ''}`)).toEqual([
    [third, second],
    second,
  ]);
  expect(await ids(`/api/orders?limit=1&before=${second ?? ''}`)).toEqual([[first], null]);
  expect(await ids('/api/orders?status=cancelled')).toEqual([[fifth], null]);
  expect(await ids('/api/orders?status=filled&limit=1')).toEqual([[fourth], fourth]);
  expect(await ids('/api/orders?status=open')).toEqual([[second, first], null]);

  expect(await ids('/api/trades?limit=1')).toEqual([[third], expect.any(String)]);
  expect(await ids(`/api/trades?characterId=${CHARACTER}`)).toEqual([[third, fourth], null]);
  expect(await ids('/api/trades?characterId=nix-halloway')).toEqual([[], null]);
  expect((await customer.get('/api/trades')).json).toMatchObject({
    trades: [
      { kind: 'limit', orderId: third, price: 1002, amount: 1002, commission: 1, quantity: 1 },
      { kind: 'limit', orderId: fourth },
    ],
  });

  for (const query of ['limit=0', 'limit=101', 'before=x', 'status=gone', 'page=2']) {
    expect((await customer.get(`/api/orders?${query}`)).status).toBe(400);
  }
});

test('each change of an order leads to a message with ids only, and a fill to a confirmation', async () => {
  await system.database.sql('DELETE FROM outbox');
  const order = await place('buy', 300, 1000);
  await quoted(980, 990);
  await customer.delete(`/api/orders/${order.id}`);
  const tradeId = expect.stringMatching(/^\d+$/) as string;
  const ids = { orderId: order.id, userId: customer.id };
  expect(await system.database.sql('SELECT topic, payload FROM outbox ORDER BY id')).toEqual([
    { topic: 'order-event', payload: ids },
    { topic: 'trade-confirmation', payload: { tradeId } },
    { topic: 'order-event', payload: { ...ids, tradeId } },
    { topic: 'order-event', payload: ids },
  ]);
});

test('metrics tell of orders where they are placed, filled and closed', async () => {
  const side = { kind: 'limit', side: 'buy' };
  const read = async () => {
    const ofMarket = await market.telemetry.registry.metrics();
    const ofWorker = await worker.telemetry.registry.metrics();
    return {
      created: await system.metric('orders_created_total', side),
      cancelled: await system.metric('orders_cancelled_total', side),
      entries: await system.metric('ledger_entries_total'),
      rejected: await system.metric('orders_rejected_total', {
        ...side,
        reason: 'insufficient_funds',
      }),
      filled: metricIn(ofMarket, 'orders_executed_total', side),
      fills: metricIn(ofMarket, 'trades_total', { character: CHARACTER, kind: 'limit' }),
      volume: metricIn(ofMarket, 'trading_volume_total', { character: CHARACTER }),
      commission: metricIn(ofMarket, 'revenue_total', { source: 'commission' }),
      spread: metricIn(ofMarket, 'revenue_total', { source: 'spread' }),
      fillEntries: metricIn(ofMarket, 'ledger_entries_total'),
      expired: metricIn(ofWorker, 'orders_cancelled_total', side),
    };
  };

  const before = await read();
  const expiresAt = new Date(Date.now() + 500).toISOString();
  await place('buy', 300, 1000);
  const cancelled = await place('buy', 1, 900);
  const expiring = await place('buy', 1, 900, { expiresAt });
  await customer.order(limit('buy', 1000, 1000));
  await quoted(980, 990);
  await quoted(980, 990);
  await customer.delete(`/api/orders/${cancelled.id}`);
  await eventually(async () => {
    await expiryTask(worker).run(going);
    return (await look(expiring)).status;
  }).toBe('expired');
  const after = await read();

  const changes = Object.entries(after).map(([name, value]) => [
    name,
    value - before[name as keyof typeof before],
  ]);
  expect(Object.fromEntries(changes)).toEqual({
    created: 3,
    cancelled: 1,
    entries: 3 * 2 + 2,
    rejected: 1,
    filled: 1,
    fills: 2,
    volume: 297_000,
    commission: 297,
    spread: 300 * 5,
    fillEntries: 2 * 7,
    expired: 1,
  });
});
