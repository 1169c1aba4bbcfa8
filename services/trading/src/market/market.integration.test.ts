import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClosing } from '../lifecycle.ts';
import { decodeBoard, QUOTES_KEY, type QuoteBoard } from '../quotes/quote.ts';
import { dropOldSamples } from '../quotes/samples.ts';
import { createDatabase } from '../database.ts';
import { eventually } from '../testing/eventually.ts';
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
    await dropOldSamples(database);
    await database.close();
    expect(await system.database.sql('SELECT count(*)::int FROM quotes')).toEqual([{ count: 6 }]);
  });
});
