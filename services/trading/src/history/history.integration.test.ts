import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadCharacters, type Character } from '../characters/characters.ts';
import { createDatabase, type Database } from '../database.ts';
import { keepBoard } from '../market/keeping.ts';
import { createRounds } from '../market/rounds.ts';
import { cents } from '../money.ts';
import { board, type Quote } from '../quotes/quote.ts';
import { saveSample } from '../quotes/samples.ts';
import { CHARACTER, startSystem, type Customer, type TestSystem } from '../testing/system.ts';
import type { Candle, Interval } from './candle.ts';
import { createHistory, dropOldCandles, type History } from './history.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS: Record<Interval, number> = { '1m': MINUTE, '1h': HOUR, '1d': DAY };
const NOON = Date.UTC(2026, 10, 21, 12);

let system: TestSystem;
let database: Database;
let characters: Character[];
let history: History;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  const { databaseUrl: url } = system.config;
  database = createDatabase({ url, poolMax: 1 }, system.telemetry);
  characters = await loadCharacters(database);
  history = createHistory({ database, characters });
  customer = await system.register(undefined, { realtime: true });
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});
beforeEach(() => system.database.sql('TRUNCATE quotes, candles'));

interface Sample {
  at: number;
  last: number;
}

async function save({ at, last }: Sample, characterIds = [CHARACTER]): Promise<void> {
  const quotes = characterIds.map((characterId): Quote => ({
    characterId,
    bid: cents(last - 1),
    ask: cents(last + 1),
    last: cents(last),
    open: cents(last),
    haltedUntil: null,
  }));
  await saveSample(database, board(at, 1, quotes));
}

/** What the candles of the samples are, by definition. */
function candlesOf(samples: Sample[], length: number): Candle[] {
  const groups = Map.groupBy(samples, ({ at }) => Math.floor(at / length) * length);
  return [...groups].map(([startsAt, of]) => ({
    startsAt: new Date(startsAt).toISOString(),
    open: cents(of[0]?.last ?? 0),
    high: cents(Math.max(...of.map(({ last }) => last))),
    low: cents(Math.min(...of.map(({ last }) => last))),
    close: cents(of.at(-1)?.last ?? 0),
  }));
}

const stored = (interval: Interval) => history.candles(CHARACTER, interval, { limit: 500 });

describe('candles', () => {
  test('are first, highest, lowest and last of the samples of their minute, hour and day', async () => {
    const gap = fc.oneof(
      fc.integer({ min: 1, max: 2 * SECOND }),
      fc.integer({ min: 1, max: 2 * MINUTE }),
      fc.integer({ min: 1, max: 15 * HOUR }),
    );
    const steps = fc.array(fc.record({ gap, last: fc.integer({ min: 2, max: 1e9 }) }), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        await system.database.sql('TRUNCATE quotes, candles');
        let at = NOON;
        const samples = taken.map((step) => ({ at: (at += step.gap), last: step.last }));
        for (const sample of samples) await save(sample);
        for (const [interval, length] of Object.entries(LENGTHS)) {
          expect(await stored(interval as Interval)).toEqual(candlesOf(samples, length));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('are not changed by a sample that is saved twice, nor by one that a former leader brings late', async () => {
    await save({ at: NOON, last: 100 });
    await save({ at: NOON + 2 * SECOND, last: 110 });
    const before = await stored('1d');
    await save({ at: NOON + 2 * SECOND, last: 500 });
    await save({ at: NOON + SECOND, last: 5 });
    expect(await stored('1d')).toEqual(before);
    expect(await system.database.sql('SELECT count(*)::int FROM quotes')).toEqual([{ count: 2 }]);
  });

  test('are dropped when they are old: minutes after 2 days, hours after 90, days never', async () => {
    const ids = characters.map(({ id }) => id);
    const ages = [0, DAY, 3 * DAY, 89 * DAY, 91 * DAY, 1000 * DAY];
    for (const age of ages.toReversed()) await save({ at: NOON - age, last: 100 }, ids);
    await dropOldCandles(database, NOON);
    const counts = await system.database.sql(
      'SELECT interval, count(*)::int FROM candles GROUP BY 1 ORDER BY 1',
    );
    expect(counts).toEqual([
      { interval: '1d', count: 6 * 20 },
      { interval: '1h', count: 4 * 20 },
      { interval: '1m', count: 2 * 20 },
    ]);
  });
});

describe('GET /api/characters/:id/history', () => {
  const path = `/api/characters/${CHARACTER}/history`;
  const fill = async (hours: number) => {
    for (let n = 0; n < hours; n += 1) await save({ at: NOON + n * HOUR, last: 1000 + n });
  };
  const timesOf = (answer: { json: unknown }) =>
    (answer.json as { candles: Candle[] }).candles.map(({ startsAt }) => startsAt);
  const hour = (n: number) => new Date(NOON + n * HOUR).toISOString();

  test('gives the newest candles, oldest first, and the page before them', async () => {
    await fill(5);
    const { json, status } = await customer.get(`${path}?limit=1`);
    expect(status).toBe(200);
    expect(json).toEqual({
      characterId: CHARACTER,
      interval: '1h',
      candles: [{ startsAt: hour(4), open: 1004, high: 1004, low: 1004, close: 1004 }],
    });
    expect(timesOf(await customer.get(`${path}?interval=1h&limit=2`))).toEqual([hour(3), hour(4)]);
    const older = await customer.get(`${path}?interval=1h&limit=2&before=${hour(3)}`);
    expect(timesOf(older)).toEqual([hour(1), hour(2)]);
    expect(timesOf(await customer.get(`${path}?interval=1d`))).toEqual([
      '2026-11-21T00:00:00.000Z',
    ]);
    expect(timesOf(await customer.get(`${path}?interval=1m&limit=500`))).toHaveLength(5);
  });

  test('leaves out the candle that is growing for those who see quotes late', async () => {
    const late = await system.register();
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    const [running, complete] = [0, 10].map((ago) => new Date(now - ago * 60_000).toISOString());
    await system.database.sql(
      `INSERT INTO candles (character_id, interval, starts_at, open, high, low, close)
       SELECT 'the-bosun', '1m', t, 1, 1, 1, 1 FROM unnest($1::timestamptz[]) t`,
      [[running, complete]],
    );
    const question = '/api/characters/the-bosun/history?interval=1m';
    expect(timesOf(await late.get(question))).toEqual([complete]);
    expect(timesOf(await customer.get(question))).toEqual([complete, running]);
  });

  test('tells what is wrong with a question', async () => {
    for (const [query, field] of [
      ['interval=5m', 'interval'],
      ['limit=0', 'limit'],
      ['limit=501', 'limit'],
      ['before=yesterday', 'before'],
      ['after=2026-11-21T12:00:00.000Z', 'after'],
    ]) {
      const { status, json } = await customer.get(`${path}?${query}`);
      expect({ status, json }).toMatchObject({ status: 400, json: { errors: [{ field }] } });
    }
  });

  test.each(['', '/history'])('knows no unknown character: :id%s', async (rest) => {
    const { status, json } = await customer.get(`/api/characters/davy-jones${rest}`);
    expect(status).toBe(404);
    expect(json).toMatchObject({ type: '/problems/unknown-character' });
  });
});

/**
 * Vacuums until no dead row is left. An open snapshot keeps them, such as that of the ANALYZE by which autovacuum greets a new
 * table, and whether one was open just then would decide how large the table grows.
 */
async function vacuum(table: string): Promise<void> {
  const leftOver = 'SELECT n_dead_tup::int AS dead FROM pg_stat_user_tables WHERE relname = $1';
  await vi.waitFor(
    async () => {
      await system.database.sql(`VACUUM ${table}`);
      expect(await system.database.sql(leftOver, [table])).toEqual([{ dead: 0 }]);
    },
    { timeout: 30_000 },
  );
}

// A twentieth of the samples of a day, each kept as the leader keeps it, on a database that has been in use for long. Vacuumed
// every ten minutes of that day, as autovacuum would.
test('a day of quotes leaves the database no larger than half a day does', async () => {
  await system.database.sql(
    `INSERT INTO candles SELECT c.id, '1m', $1::timestamptz - n * interval '1 minute', 100, 100, 100, 100
     FROM characters c, generate_series(1, 2880) n`,
    [new Date(NOON)],
  );
  await system.database.sql(
    `INSERT INTO candles SELECT c.id, '1h', $1::timestamptz - n * interval '1 hour', 100, 100, 100, 100
     FROM characters c, generate_series(1, 2160) n`,
    [new Date(NOON)],
  );
  const rounds = createRounds({ characters, seed: 'test' });
  const run = async (from: number, to: number) => {
    for (let at = from; at < to; at += 20 * SECOND) {
      await keepBoard(database, rounds.next(at));
      if (at % (10 * MINUTE) === 0) {
        await vacuum('quotes');
        await vacuum('candles');
      }
    }
    const [size] = await system.database.sql<{ quotes: number; candles: number }>(
      `SELECT pg_total_relation_size('quotes')::int AS quotes, pg_total_relation_size('candles')::int AS candles`,
    );
    return size ?? { quotes: NaN, candles: NaN };
  };
  const half = await run(NOON, NOON + DAY / 2);
  const whole = await run(NOON + DAY / 2, NOON + DAY);

  expect(whole.quotes).toBeLessThanOrEqual(1.05 * half.quotes);
  expect(whole.candles).toBeLessThanOrEqual(1.05 * half.candles);
  const counts = await system.database.sql<{ rows: string; count: number }>(
    `SELECT 'sample' AS rows, count(*)::int FROM quotes
     UNION ALL SELECT interval, count(*)::int FROM candles GROUP BY 1 ORDER BY 1`,
  );
  // The last cleaning was a minute before the end.
  expect(counts).toEqual([
    { rows: '1d', count: 2 * 20 },
    { rows: '1h', count: 2160 * 20 },
    { rows: '1m', count: (2880 + 1) * 20 },
    { rows: 'sample', count: (180 + 3) * 20 },
  ]);
}, 180_000);
