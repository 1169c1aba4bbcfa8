import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { QUOTES_KEY } from '../quotes/quote.ts';
import { eventually } from '../testing/eventually.ts';
import { answered, CHARACTER, startSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());
beforeEach(() => system.quote());

const buy = (quantity: number) => ({ characterId: CHARACTER, action: 'buy', quantity });
const sell = (quantity: number) => ({ characterId: CHARACTER, action: 'sell', quantity });

interface Traded {
  trade: { id: string };
  cash: number;
  quantity: number;
}

describe('a customer', () => {
  test('registers with a starting credit, trades, and sees it in the portfolio', async () => {
    const customer = await system.register(undefined, { realtime: true });

    // 10 at the ask of 1001: 10,010 and 10 commission (0.1 % is 10.01, rounded half up).
    const bought = await customer.trade(buy(10));
    expect(bought.status).toBe(201);
    expect(bought.json).toMatchObject({
      trade: {
        characterId: CHARACTER,
        action: 'buy',
        quantity: 10,
        price: 1001,
        amount: 10_010,
        commission: 10,
      },
      cash: 1_000_000 - 10_020,
      quantity: 10,
    });

    // 4 at the bid of 999: 3996 less 4 commission.
    const sold = await customer.trade(sell(4));
    expect(sold.json).toMatchObject({
      trade: { action: 'sell', price: 999, amount: 3996, commission: 4 },
      cash: 1_000_000 - 10_020 + 3992,
      quantity: 6,
    });

    // 4 of 10 shares take 4008 of the cost of 10,020, and brought 3992.
    expect((await customer.get('/api/portfolio')).json).toEqual({
      cash: 993_972,
      reservedCash: 0,
      holdings: [
        {
          characterId: CHARACTER,
          name: 'Sable Nine, Smuggler',
          quantity: 6,
          reserved: 0,
          averageCost: 1002,
          cost: 6012,
          bid: 999,
          value: 5994,
          realisedProfit: -16,
          unrealisedProfit: -18,
        },
      ],
      portfolioValue: 5994,
      realisedProfit: -16,
      unrealisedProfit: -18,
      equity: 999_966,
    });
    const { characters, cash, portfolioValue } = (await customer.get('/api/characters')).json as {
      characters: Record<string, unknown>[];
      cash: number;
      portfolioValue: number;
    };
    expect({ count: characters.length, cash, portfolioValue }).toEqual({
      count: 20,
      cash: 993_972,
      portfolioValue: 5994,
    });
    expect(characters.find(({ id }) => id === CHARACTER)).toMatchObject({
      bid: 999,
      ask: 1001,
      quantity: 6,
      value: 5994,
    });
  });

  test('posts a trade as five entries that sum to zero per asset', async () => {
    const customer = await system.register();
    const { trade } = (await customer.trade(buy(1))).json as Traded;

    const entries = await system.database.sql(
      `SELECT a.purpose, a.asset, e.amount::int FROM trades t JOIN entries e USING (transfer_id)
       JOIN accounts a ON a.id = e.account_id WHERE t.id = $1 ORDER BY a.asset, a.purpose`,
      [trade.id],
    );
    expect(entries).toEqual([
      { purpose: 'commission', asset: 'BERRY', amount: 1 },
      { purpose: 'customer', asset: 'BERRY', amount: -1002 },
      { purpose: 'dealing', asset: 'BERRY', amount: 1001 },
      { purpose: 'customer', asset: CHARACTER, amount: 1 },
      { purpose: 'dealing', asset: CHARACTER, amount: -1 },
    ]);
  });

  test('is told what is missing when cash or shares do not suffice, and nothing moves', async () => {
    const customer = await system.register();

    const tooMuch = await customer.trade(buy(1000));
    expect(tooMuch.status).toBe(409);
    expect(tooMuch.headers.get('content-type')).toMatch('application/problem+json');
    expect(tooMuch.json).toMatchObject({
      type: '/problems/insufficient-funds',
      status: 409,
      detail:
        'Buying 1000 shares takes 1002001 cents (commission 1001); the account holds 1000000.',
      instance: '/api/trade',
      requestId: tooMuch.headers.get('x-request-id'),
    });
    expect((await customer.trade(sell(1))).json).toMatchObject({
      type: '/problems/insufficient-holding',
    });
    expect((await customer.get('/api/portfolio')).json).toMatchObject({
      cash: 1_000_000,
      holdings: [],
      equity: 1_000_000,
    });
  });
});

test('a price older than 3 seconds is not traded on, but given answers are repeated, and the key works later', async () => {
  const customer = await system.register();
  const bought = await customer.trade(buy(1), 'before');
  await eventually(() => system.metric('market_quote_age_seconds')).toBeGreaterThan(3);

  const refused = await customer.trade(buy(1), 'patient');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.json).toMatchObject({ type: '/problems/no-price', status: 503 });
  const reason = { kind: 'market', side: 'buy', reason: 'no_price' };
  expect(await system.metric('orders_rejected_total', reason)).toBeGreaterThan(0);
  expect((await customer.trade(buy(1), 'before')).text).toBe(bought.text);

  await system.quote();
  await eventually(() => system.metric('market_quote_age_seconds')).toBeLessThan(3);
  expect((await customer.trade(buy(1), 'patient')).status).toBe(201);
});

test('a halted character is not traded in, but given answers are repeated, and the key works later', async () => {
  const customer = await system.register(undefined, { realtime: true });
  const bought = await customer.trade(buy(1), 'before-the-halt');
  const haltedUntil = Date.now() + 45_500;
  await system.quote(Date.now(), { bid: 2000, ask: 2002, haltedUntil });
  const looked = () => customer.get(`/api/characters/${CHARACTER}`);
  await eventually(async () => (await looked()).json).toMatchObject({
    halted: true,
    haltedUntil: new Date(haltedUntil).toISOString(),
    bid: 2000,
  });

  const rejected = () =>
    system.metric('orders_rejected_total', { kind: 'market', side: 'buy', reason: 'halted' });
  const rejectedBefore = await rejected();
  for (const order of [buy(1), sell(1)]) {
    const refused = await customer.trade(order, `halted-${order.action}`);
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ type: '/problems/trading-halted', status: 409 });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(46);
  }
  expect(await rejected()).toBe(rejectedBefore + 1);
  expect((await customer.trade(buy(1), 'before-the-halt')).text).toBe(bought.text);
  expect((await customer.get('/api/portfolio')).json).toMatchObject({
    holdings: [{ quantity: 1 }],
  });

  await system.quote();
  await eventually(async () => (await looked()).json).toMatchObject({
    halted: false,
    haltedUntil: null,
  });
  expect((await customer.trade(buy(1), 'halted-buy')).status).toBe(201);
});

test('a price that grows older than 3 seconds while the order waits for its turn is not traded on either', async () => {
  const customer = await system.register();
  const blocker = new pg.Client(system.database.url);
  await blocker.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT lock_customer($1)', [customer.id]);
  // Good for less than half a second more.
  await eventually(() => system.metric('market_quote_age_seconds')).toBeGreaterThan(2.5);
  const waiting = customer.trade(buy(1), 'late');
  await eventually(() =>
    system.database.sql(
      `SELECT FROM pg_stat_activity
       WHERE wait_event_type = 'Lock' AND query ~ 'execute_trade' AND datname = current_database()`,
    ),
  ).toHaveLength(1);
  await eventually(() => system.metric('market_quote_age_seconds')).toBeGreaterThan(3);
  await blocker.query('COMMIT');
  await blocker.end();
  expect((await waiting).json).toMatchObject({ type: '/problems/no-price' });

  await system.quote();
  expect((await answered(() => customer.trade(buy(1), 'late'))).status).toBe(201);
});

describe('an Idempotency-Key', () => {
  test('gives the same bytes again, and moves money once', async () => {
    const customer = await system.register();
    const first = await customer.trade(buy(2), 'same');
    const again = await customer.trade(buy(2), 'same');

    expect(again.text).toBe(first.text);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await customer.get('/api/portfolio')).json).toMatchObject({
      holdings: [{ quantity: 2 }],
    });
  });

  test('repeats a refusal too, even when it would now succeed', async () => {
    const customer = await system.register();
    const refused = await customer.trade(sell(1), 'refused');
    await customer.trade(buy(1));
    const again = await customer.trade(sell(1), 'refused');

    expect(refused.status).toBe(409);
    expect(again.status).toBe(409);
    expect(again.text).toBe(refused.text);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toMatch('application/problem+json');
  });

  test('is refused for another order', async () => {
    const customer = await system.register();
    await customer.trade(buy(1), 'mine');
    const other = await customer.trade(buy(2), 'mine');
    expect(other.status).toBe(422);
    expect(other.json).toMatchObject({
      type: '/problems/idempotency-key-reused',
      errors: [{ field: 'Idempotency-Key' }],
    });
  });

  test("is one customer's own", async () => {
    const [one, two] = await Promise.all([system.register(), system.register()]);
    await one.trade(buy(1), 'common');
    expect((await two.trade(buy(3), 'common')).status).toBe(201);
  });

  test('used by ten requests at once makes one trade and ten equal answers, each time', async () => {
    const customer = await system.register();
    for (let round = 1; round <= 5; round += 1) {
      await system.quote();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => customer.trade(buy(1), `race-${round}`)),
      );
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
      const first = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null);
      expect(first).toHaveLength(1);
      expect(answers[0]?.json).toMatchObject({ quantity: round });
    }
  });

  test('can be used anew after 24 hours', async () => {
    const customer = await system.register();
    await customer.trade(buy(1), 'old');
    await system.database.sql(
      "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE user_id = $1",
      [customer.id],
    );
    const anew = await customer.trade(buy(2), 'old');
    expect(anew.json).toMatchObject({ quantity: 3 });
    expect((await customer.trade(buy(2), 'old')).text).toBe(anew.text);
  });
});

test('of 500 buys at once with money for 100, exactly 100 succeed and the others are told why', async () => {
  const customer = await system.register();
  // 9985 and 10 commission are 9995: a hundred times that is within 1,000,000, and once more is not.
  const quote = () => system.quote(Date.now(), { bid: 9980, ask: 9985 });
  await quote();
  const quoting = setInterval(() => void quote(), 500);
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, n) => answered(() => customer.trade(buy(1), `rush-${n}`))),
  );
  clearInterval(quoting);

  expect(answers.filter(({ status }) => status === 201)).toHaveLength(100);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ json }) => (json as { type: string }).type))).toEqual(
    new Set(['/problems/insufficient-funds']),
  );
  expect((await customer.get('/api/portfolio')).json).toMatchObject({
    cash: 1_000_000 - 100 * 9995,
    holdings: [{ quantity: 100 }],
  });
  expect(await system.database.sql('SELECT * FROM ledger_differences')).toEqual([]);
});

test('a trade takes one SQL statement and one Redis command', async () => {
  const customer = await system.register();
  await customer.trade(buy(1)); // the first one caches the session
  const calls = async () => {
    const { text } = await system.request('GET', '/metrics');
    return [...text.matchAll(/^db_query_duration_seconds_count\{.*\} (\d+)$/gm)].reduce(
      (total, [, count]) => total + Number(count),
      0,
    );
  };
  const commands = async () => {
    const stats = await system.redis.info('commandstats');
    return [...stats.matchAll(/^cmdstat_(get|set|mget|incr|eval|evalsha):calls=(\d+)/gm)].reduce(
      (total, [, , count]) => total + Number(count),
      0,
    );
  };

  const before = { sql: await calls(), redis: await commands() };
  for (let trade = 0; trade < 20; trade += 1) {
    await system.quote();
    expect((await customer.trade(buy(1))).status).toBe(201);
  }
  const after = { sql: await calls(), redis: await commands() };

  // Whatever else runs beside (writing down who was seen) is one statement in 5 seconds.
  expect(after.sql - before.sql).toBeLessThanOrEqual(20 + 2);
  // The quotes that the test publishes are one SET each.
  expect(after.redis - before.redis).toBe(20 + 20);
});

test('a message of quotes that cannot be read changes nothing', async () => {
  const customer = await system.register();
  await system.redis.publish(QUOTES_KEY, '{"quotes');
  expect((await customer.trade(buy(1))).status).toBe(201);
});

test('metrics tell of trades, money and people', async () => {
  const customer = await system.register();
  const labels = { character: CHARACTER, action: 'buy', kind: 'market' };
  const read = async () => ({
    trades: await system.metric('trades_total', labels),
    volume: await system.metric('trading_volume_total', { character: CHARACTER, action: 'buy' }),
    revenue: await system.metric('revenue_total', { source: 'commission' }),
    spread: await system.metric('revenue_total', { source: 'spread' }),
    created: await system.metric('orders_created_total', { kind: 'market', side: 'buy' }),
    executed: await system.metric('orders_executed_total', { kind: 'market', side: 'buy' }),
    rejected: await system.metric('orders_rejected_total', {
      kind: 'market',
      side: 'sell',
      reason: 'insufficient_holding',
    }),
    loss: await system.metric('customer_realised_loss_total'),
    profit: await system.metric('customer_realised_profit_total'),
    first: await system.metric('first_trades_total'),
    signups: await system.metric('user_signups_total'),
    entries: await system.metric('ledger_entries_total'),
    durations: await system.metric('trade_duration_seconds_count', { outcome: 'executed' }),
    hits: await system.metric('cache_hits_total', { cache_type: 'quotes' }),
  });
  const before = await read();
  await customer.trade(buy(10), 'counted');
  await customer.trade(buy(10), 'counted');
  await customer.trade(buy(10));
  await system.register();
  await customer.trade(sell(21));
  await customer.trade(sell(20));
  const after = await read();

  expect(after.trades - before.trades).toBe(2);
  expect(after.volume - before.volume).toBe(2 * 10_010);
  expect(after.revenue - before.revenue).toBe(20 + 20);
  // The last price of these quotes is their bid.
  expect(after.spread - before.spread).toBe(2 * 20);
  expect(after.created - before.created).toBe(2);
  expect(after.executed - before.executed).toBe(2);
  expect(after.rejected - before.rejected).toBe(1);
  // Sold for 19,980 less 20, bought for 20,020 and 20.
  expect(after.loss - before.loss).toBe(80);
  expect(after.profit).toBe(before.profit);
  expect(after.first - before.first).toBe(1);
  expect(after.signups - before.signups).toBe(1);
  // 5 a trade, and 2 for the starting credit of who registered.
  expect(after.entries - before.entries).toBe(3 * 5 + 2);
  expect(after.durations - before.durations).toBe(4);
  expect(after.hits - before.hits).toBeGreaterThanOrEqual(3);
  expect(await system.metric('market_quote_age_seconds')).toBeGreaterThan(0);
});
