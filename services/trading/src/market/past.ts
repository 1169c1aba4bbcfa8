import type { Character } from '../characters/characters.ts';
import type { Database, Statement } from '../database.ts';
import type { Candle, Interval } from '../history/candle.ts';
import { cents, type Cents } from '../money.ts';
import { createNoise } from './noise.ts';
import { REVERSION_PER_HOUR } from './walk.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How much of the past is told in candles of each length. */
const TOLD: { interval: Interval; lengthMs: number; forMs: number }[] = [
  { interval: '1m', lengthMs: MINUTE_MS, forMs: 6 * HOUR_MS },
  { interval: '1h', lengthMs: HOUR_MS, forMs: 7 * DAY_MS },
  { interval: '1d', lengthMs: DAY_MS, forMs: 7 * DAY_MS },
];
const MINUTES = (7 * DAY_MS) / MINUTE_MS;

const insertCandles: Statement = {
  name: 'insert_candles',
  operation: 'insert',
  table: 'candles',
  text: `INSERT INTO candles (character_id, interval, starts_at, open, high, low, close)
         SELECT id, interval, to_timestamp(starts_at / 1000.0), open, high, low, close
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
           AS candle (id, interval, starts_at, open, high, low, close)
         ON CONFLICT DO NOTHING`,
};

/** A candle of the past; `startsAt` in milliseconds since 1970. */
interface PastCandle extends Omit<Candle, 'startsAt'> {
  characterId: string;
  interval: Interval;
  startsAt: number;
}

/**
 * A week that never was, so that charts are not empty when the market first opens: the walk that prices take, walked
 * backwards from the start price in steps of a minute, each by its exact solution
 * x(t − s) = x(t)·e^(−κs) + σ·√((1 − e^(−2κs)) / 2κ)·ε. An Ornstein-Uhlenbeck process is the same in both directions of time
 * (https://en.wikipedia.org/wiki/Ornstein-Uhlenbeck_process), so what comes fits what was. The same seed and time give the
 * same past.
 *
 * @param now milliseconds since 1970
 */
export function makePast(characters: Character[], seed: string, now: number): PastCandle[] {
  return characters.flatMap((character) => {
    const minutes = walkBack(character, seed, Math.floor(now / MINUTE_MS) * MINUTE_MS);
    return TOLD.flatMap(({ interval, lengthMs, forMs }) => {
      const told = minutes.slice(-forMs / MINUTE_MS);
      const groups = Map.groupBy(told, ({ at }) => Math.floor(at / lengthMs) * lengthMs);
      return [...groups].map(([startsAt, of]) => {
        const prices = of.flatMap(({ open, close }) => [open, close]);
        return {
          characterId: character.id,
          interval,
          startsAt,
          open: cents(prices.at(0) ?? 0),
          high: cents(Math.max(...prices)),
          low: cents(Math.min(...prices)),
          close: cents(prices.at(-1) ?? 0),
        };
      });
    });
  });
}

/** The minutes before `end`, oldest first; the last one closes at the start price. */
function walkBack({ id, startPrice, volatility }: Character, seed: string, end: number) {
  const noise = createNoise(`${seed}/${id}/past`);
  const hours = MINUTE_MS / HOUR_MS;
  const kept = Math.exp(-REVERSION_PER_HOUR * hours);
  const deviation = volatility * Math.sqrt((1 - kept ** 2) / (2 * REVERSION_PER_HOUR));
  let x = 0;
  let close = startPrice;
  const minutes: { at: number; open: Cents; close: Cents }[] = [];
  for (let step = 1; step <= MINUTES; step += 1) {
    x = x * kept + deviation * noise(step);
    const open = cents(Math.max(1, Math.round(startPrice * Math.exp(x))));
    minutes.push({ at: end - step * MINUTE_MS, open, close });
    close = open;
  }
  return minutes.reverse();
}

/** Writes a past where there is none. */
export async function savePast(database: Database, past: PastCandle[]): Promise<void> {
  await database.query(insertCandles, [
    past.map((candle) => candle.characterId),
    past.map((candle) => candle.interval),
    past.map((candle) => candle.startsAt),
    past.map((candle) => candle.open),
    past.map((candle) => candle.high),
    past.map((candle) => candle.low),
    past.map((candle) => candle.close),
  ]);
}
