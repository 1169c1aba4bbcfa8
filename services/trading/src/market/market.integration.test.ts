import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClosing } from '../lifecycle.ts';
import { decodeBoard, QUOTES_KEY, type QuoteBoard } from '../quotes/quote.ts';
import { dropOldSamples } from '../quotes/samples.ts';
import { createDatabase } from '../database.ts';
import { eventually } from '../testing/eventually.ts';
import { insertTrade } from '../testing/trades.ts';
import {
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  testRedisUrl,
  type TestSystem,
} from '../testing/system.ts';
import { composeMarket } from './compose.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());

async function startMarket() {
  const config = testConfig(system.database, { MARKET_SEED: 'test' });
  const telemetry = createTestTelemetry('market', config);
  const closing = createClosing(telemetry.logger);
  const { port } = await composeMarket(config, telemetry, closing);
  return {
    metric: async (name: string, labels: Record<string, string> = {}) =>
      metricIn(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), name, labels),
    close: async () => {
      expect(await closing.closeAll()).toBe(true);
      await telemetry.close();
    },
  };
}

/** The next rounds of quotes, as they are published. */
async function published(count: number): Promise<QuoteBoard[]> {
  const subscriber = system.redis.duplicate();
  const boards: QuoteBoard[] = [];
  subscriber.on('message', (_channel: string, text: string) => boards.push(decodeBoard(text)));
  await subscriber.subscribe(QUOTES_KEY);
  await eventually(() => boards.length).toBeGreaterThanOrEqual(count);
  subscriber.disconnect();
  return boards.slice(0, count);
}

describe('the market', () => {
  test('quotes all 20 characters, bid below ask, to Redis and each second to Postgres, and tells of it', async () => {
    const market = await startMarket();
    const [first, second] = await published(2);

    expect(first?.quotes.size).toBe(20);
    for (const { bid, ask, last } of first?.quotes.values() ?? []) {
      expect(bid).toBeGreaterThan(0);
      expect(bid).toBeLessThan(ask);
      expect(last).toBeGreaterThanOrEqual(bid);
      expect(last).toBeLessThanOrEqual(ask);
    }
    expect(second?.quotedAt).toBeGreaterThan(first?.quotedAt ?? Infinity);
    expect(decodeBoard((await system.redis.get(QUOTES_KEY)) ?? '').quotes.size).toBe(20);
    await eventually(() =>
      system.database.sql('SELECT count(*)::int % 20 AS rest FROM quotes HAVING count(*) > 0'),
    ).toEqual([{ rest: 0 }]);

    expect(await market.metric('market_leader')).toBe(1);
    expect(await market.metric('market_ticks_total')).toBeGreaterThanOrEqual(2);
    expect(await market.metric('market_price', { character: CHARACTER })).toBeGreaterThan(0);

    const customer = await system.register();
    const { json, status } = await customer.trade({
      characterId: CHARACTER,
      action: 'buy',
      quantity: 1,
    });
    expect(status, JSON.stringify(json)).toBe(201);
    await market.close();
  });

  test('fills open orders that its quotes have reached, and tells of it', async () => {
    const customer = await system.register();
    const order = { characterId: CHARACTER, side: 'buy', quantity: 2, limitPrice: 400_000 };
    const { id } = (await customer.order(order)).json as { id: string };
    const market = await startMarket();
    const status = async () =>
      ((await customer.get(`/api/orders/${id}`)).json as { status: string }).status;
    await eventually(status).toBe('filled');
    const labels = { character: CHARACTER, action: 'buy', kind: 'limit' };
    expect(await market.metric('trades_total', labels)).toBe(1);
    await market.close();
  });

  test('has one leader; when that ends, or its connection does, another goes on from the last prices', async () => {
    const one = await startMarket();
    await eventually(() => one.metric('market_leader')).toBe(1);
    const two = await startMarket();
    const leaders = async () => [
      await one.metric('market_leader'),
      await two.metric('market_leader'),
    ];
    // Two seconds, in which the other has asked for the lock several times.
    const [before] = await published(8);
    expect(await leaders()).toEqual([1, 0]);
    expect(await two.metric('market_ticks_total')).toBe(0);

    await system.database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'market-leader' AND datname = current_database()",
    );
    await eventually(async () => (await leaders()).sort()).toEqual([0, 1]);
    await published(8);
    expect((await leaders()).sort()).toEqual([0, 1]);

    await one.close();
    await eventually(() => two.metric('market_leader')).toBe(1);
    const [after] = await published(1);
    const price = (board?: QuoteBoard) => board?.quotes.get(CHARACTER)?.last ?? NaN;
    // Seconds apart: within a few parts in a hundred, nowhere near a new start.
    expect(Math.abs(price(after) / price(before) - 1)).toBeLessThan(0.05);
    await two.close();
  });

  test('opens an empty database with a past that leads up to the start prices', async () => {
    await system.redis.flushdb();
    await system.database.sql('TRUNCATE quotes, candles');
    const market = await startMarket();
    const [first] = await published(1);
    await market.close();

    const candles = await system.database.sql<{ interval: string; count: number }>(
      `SELECT interval, count(*)::int FROM candles WHERE starts_at < date_trunc('minute', now()) GROUP BY 1`,
    );
    const count = Object.fromEntries(candles.map((row) => [row.interval, row.count / 20]));
    expect(count['1m']).toBeGreaterThanOrEqual(6 * 60);
    expect(count['1h']).toBeGreaterThanOrEqual(7 * 24);
    expect(count['1d']).toBeGreaterThanOrEqual(7);
    const [today] = await system.database.sql<{ open: string }>(
      `SELECT open FROM candles WHERE character_id = $1 AND interval = '1d' ORDER BY starts_at DESC LIMIT 1`,
      [CHARACTER],
    );
    const quote = first?.quotes.get(CHARACTER);
    expect(quote?.open).toBe(Number(today?.open));
    expect(Math.abs((quote?.last ?? NaN) / 73_000 - 1)).toBeLessThan(0.01);
  });

  test("is moved by customers' net buying; too far a move halts trading, also for the next leader", async () => {
    const customer = await system.register();
    const one = await startMarket();
    const [before] = await published(1);
    expect(before?.quotes.get(CHARACTER)?.haltedUntil).toBeNull();
    expect(await one.metric('market_halts_total', { character: CHARACTER })).toBe(0);
    // A 12th of a day's volume: half a standard deviation of a day, upwards.
    const craze = { userId: customer.id, characterId: CHARACTER, net: 6000, secondsAgo: 10 };
    await insertTrade(system.database, craze);
    await eventually(() => one.metric('market_halts_total', { character: CHARACTER })).toBe(1);

    const [halted] = await published(1);
    const quote = halted?.quotes.get(CHARACTER);
    expect(quote?.haltedUntil).toBeGreaterThan(Date.now());
    expect((quote?.last ?? NaN) / (before?.quotes.get(CHARACTER)?.last ?? NaN)).toBeGreaterThan(
      1.3,
    );
    const order = { characterId: CHARACTER, action: 'buy', quantity: 1 };
    expect((await customer.trade(order)).json).toMatchObject({ type: '/problems/trading-halted' });
    expect((await customer.trade({ ...order, characterId: 'nix-halloway' })).status).toBe(201);
    const savedHalt = `SELECT FROM quotes WHERE character_id = $1 AND halted_until > now()`;
    await eventually(() => system.database.sql(savedHalt, [CHARACTER])).not.toEqual([]);
    await one.close();

    // Once from the board in Redis, once from the sample in Postgres.
    for (const forget of [[], [QUOTES_KEY]]) {
      if (forget.length > 0) await system.redis.del(forget);
      const next = await startMarket();
      const [after] = await published(1);
      expect(after?.quotes.get(CHARACTER)).toEqual(quote);
      expect(after?.round).toBeGreaterThan(before?.round ?? NaN);
      await next.close();
    }
  });

  test('keeps quoting to Postgres while Redis is away', async () => {
    const nowhere = testConfig(system.database, { REDIS_URL: 'redis://127.0.0.1:1/9' });
    expect(nowhere.redisUrl).not.toBe(testRedisUrl());
    await system.database.sql('DELETE FROM quotes');
    const telemetry = createTestTelemetry('market', nowhere);
    const closing = createClosing(telemetry.logger);
    await composeMarket(nowhere, telemetry, closing);
    await eventually(() =>
      system.database.sql('SELECT count(*)::int FROM quotes HAVING count(*) >= 40'),
    ).not.toEqual([]);
    await closing.closeAll();
    await telemetry.close();
  });

  test('drops samples older than an hour', async () => {
    await system.database.sql('DELETE FROM quotes');
    await system.database.sql(
      `INSERT INTO quotes SELECT now() - age * interval '1 minute', 'sable-nine', 1, 2, 1 FROM generate_series(5, 125, 10) age`,
    );
    const database = createDatabase(
      { url: system.config.databaseUrl, poolMax: 1 },
      system.telemetry,
    );
    await dropOldSamples(database, Date.now());
    await database.close();
    expect(await system.database.sql('SELECT count(*)::int FROM quotes')).toEqual([{ count: 6 }]);
  });
});
