import { findCharacter, type Character } from '../characters/characters.ts';
import type { Database, Statement } from '../database.ts';
import { cents } from '../money.ts';
import type { Candle, Interval } from './candle.ts';

const MINUTES_KEPT = '2 days';
const HOURS_KEPT = '90 days';
// A minute makes 20 of each; what a long pause left is dropped in several goes, none of which runs long.
const BATCH_PER_CHARACTER = 500;

const selectCandles: Statement = {
  name: 'select_candles',
  operation: 'select',
  table: 'candles',
  text: `SELECT starts_at, open, high, low, close FROM candles
         WHERE character_id = $1 AND interval = $2 AND starts_at < coalesce($3, 'infinity'::timestamptz)
         ORDER BY starts_at DESC LIMIT $4`,
};

// Character by character, because that is how the index is sorted.
const deleteOldCandles: Statement = {
  name: 'delete_old_candles',
  operation: 'delete',
  table: 'candles',
  text: `DELETE FROM candles WHERE ctid = ANY (ARRAY(
           SELECT old.ctid FROM characters
             CROSS JOIN (VALUES ('1m', interval '${MINUTES_KEPT}'), ('1h', interval '${HOURS_KEPT}')) AS kept (name, age)
             CROSS JOIN LATERAL (
               SELECT c.ctid FROM candles c
               WHERE c.character_id = characters.id AND c.interval = kept.name
                 AND c.starts_at < $1::timestamptz - kept.age
               ORDER BY c.starts_at LIMIT ${BATCH_PER_CHARACTER}
             ) AS old))`,
};

export interface HistoryPage {
  /** Only candles that begin before this. */
  before?: Date | undefined;
  /** Most candles, 1 to 500. */
  limit: number;
}

export interface History {
  /**
   * The newest candles of a character, oldest first; the last one may still be growing. A time in which nothing was quoted
   * has none.
   *
   * @throws {Problem} 404 when there is no such character
   */
  candles(characterId: string, interval: Interval, page: HistoryPage): Promise<Candle[]>;
}

interface CandleRow {
  starts_at: Date;
  open: number;
  high: number;
  low: number;
  close: number;
}

export interface HistoryDependencies {
  database: Database;
  characters: Character[];
}

export function createHistory({ database, characters }: HistoryDependencies): History {
  return {
    async candles(characterId, interval, { before, limit }) {
      const { id } = findCharacter(characters, characterId);
      const values = [id, interval, before ?? null, limit];
      const rows = await database.query<CandleRow>(selectCandles, values);
      return rows.reverse().map((row) => ({
        startsAt: row.starts_at.toISOString(),
        open: cents(row.open),
        high: cents(row.high),
        low: cents(row.low),
        close: cents(row.close),
      }));
    },
  };
}

/** Drops minutes that were older than 2 days, and hours older than 90, at `now` (milliseconds since 1970). */
export async function dropOldCandles(database: Database, now: number): Promise<void> {
  await database.query(deleteOldCandles, [new Date(now)]);
}
