import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database.ts';
import { cents } from '../money.ts';
import { createRedis } from '../redis.ts';
import { eventually } from '../testing/eventually.ts';
import { CHARACTER, startSystem, testRedisUrl, type TestSystem } from '../testing/system.ts';
import { board, encodeBoard, QUOTES_KEY, type QuoteBoard } from './quote.ts';
import { createQuoteReader, type QuoteReader } from './reader.ts';
import { saveSample } from './samples.ts';

let system: TestSystem;
let database: Database;
beforeAll(async () => {
  system = await startSystem();
  const { databaseUrl: url } = system.config;
  database = createDatabase({ url, poolMax: 1 }, system.telemetry);
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});

let reader: QuoteReader;
let close: () => Promise<void>;
beforeEach(async () => {
  await system.redis.flushdb();
  await system.database.sql('TRUNCATE quotes, candles');
  const { telemetry } = system;
  const redis = createRedis(testRedisUrl(), telemetry.logger);
  const subscriber = createRedis(testRedisUrl(), telemetry.logger);
  reader = createQuoteReader({ redis, subscriber, database, telemetry });
  close = async () => {
    await reader.close();
    redis.disconnect();
  };
  // The API's reader, and this one.
  await eventually(() => system.redis.pubsub('NUMSUB', QUOTES_KEY)).toEqual([QUOTES_KEY, 2]);
});
afterEach(() => close());

function boardOf(quotedAt: number): QuoteBoard {
  const [bid, last, ask] = [cents(99), cents(100), cents(101)];
  const quote = { characterId: CHARACTER, bid, ask, last, open: last, haltedUntil: null };
  return board(quotedAt, 1, [quote]);
}

/** Publishes boards, and waits until the newest of them is known. */
async function push(...times: number[]): Promise<void> {
  for (const at of times) await system.redis.publish(QUOTES_KEY, encodeBoard(boardOf(at)));
  await eventually(current).toBe(Math.max(...times));
}
const sample = (at: number) => saveSample(database, boardOf(at));
const current = async () => (await reader.current())?.quotedAt;
const delayed = async () => (await reader.delayed())?.quotedAt;

test('before the market ever opened there is nothing, now or late', async () => {
  expect([await current(), await delayed()]).toEqual([undefined, undefined]);
});

test('a board is current at once, and seen by those who see it late when it is 5 seconds old', async () => {
  const now = Date.now();
  await push(now - 9000, now - 5100, now - 2500, now);
  expect(await delayed()).toBe(now - 5100);
  expect(await current()).toBe(now);
  await eventually(delayed).toBe(now - 2500);
});

test('a board that comes late or again changes nothing', async () => {
  const now = Date.now();
  await push(now, now - 1000, now);
  expect(await current()).toBe(now);
});

test.each([
  ['when no board of that time came', [], [20_000, 5100], 5100],
  ['when only older ones came', [30_000], [20_000, 5100], 5100],
  ['unless it is older than what came', [7000], [20_000, 8000], 7000],
])('5 seconds ago is the last sample in Postgres %s', async (_when, pushed, sampled, seen) => {
  const now = Date.now();
  for (const age of sampled) await sample(now - age);
  await push(...pushed.map((age) => now - age), now);
  expect(await delayed()).toBe(now - seen);
});

test('a board in Redis that cannot be read, as another version left it, is as good as none', async () => {
  const now = Date.now();
  await system.redis.set(QUOTES_KEY, '{"quotedAt":1}');
  await sample(now);
  expect(await current()).toBe(now);
});
