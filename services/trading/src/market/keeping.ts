import type { Database } from '../database.ts';
import { dropOldCandles } from '../history/history.ts';
import type { QuoteBoard } from '../quotes/quote.ts';
import { dropOldSamples, saveSample } from '../quotes/samples.ts';

/**
 * Keeps a board in Postgres, once a second: as a sample, which the candles follow. In the first second of each minute, drops
 * what has become too old. The time is the board's.
 */
export async function keepBoard(database: Database, board: QuoteBoard): Promise<void> {
  await saveSample(database, board);
  if (board.quotedAt % 60_000 < 1000) {
    await dropOldSamples(database, board.quotedAt);
    await dropOldCandles(database, board.quotedAt);
  }
}
