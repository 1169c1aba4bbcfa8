import type { Database, Statement } from '../database.ts';
import { cents } from '../money.ts';
import { board, type Quote, type QuoteBoard } from './quote.ts';

const RETENTION = '1 hour';

const insertSample: Statement = {
  name: 'insert_quotes',
  operation: 'insert',
  table: 'quotes',
  text: `INSERT INTO quotes (quoted_at, character_id, bid, ask, last)
         SELECT to_timestamp($1::double precision / 1000), q.id, q.bid, q.ask, q.last
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS q (id, bid, ask, last)
         ON CONFLICT DO NOTHING`,
};

const selectLatestSample: Statement = {
  name: 'select_latest_quotes',
  operation: 'select',
  table: 'quotes',
  text: `SELECT quoted_at, character_id, bid, ask, last FROM quotes
         WHERE quoted_at = (SELECT max(quoted_at) FROM quotes)`,
};

const deleteOldSamples: Statement = {
  name: 'delete_old_quotes',
  operation: 'delete',
  table: 'quotes',
  text: `DELETE FROM quotes WHERE quoted_at < now() - interval '${RETENTION}'`,
};

/** Keeps a board in Postgres, for when Redis is away. */
export async function saveSample(
  database: Database,
  { quotedAt, quotes }: QuoteBoard,
): Promise<void> {
  const all = [...quotes.values()];
  await database.query(insertSample, [
    quotedAt,
    all.map((quote) => quote.characterId),
    all.map((quote) => quote.bid),
    all.map((quote) => quote.ask),
    all.map((quote) => quote.last),
  ]);
}

/** The newest board in Postgres; undefined before the market ever opened. */
export async function latestSample(database: Database): Promise<QuoteBoard | undefined> {
  const rows = await database.query<{
    quoted_at: Date;
    character_id: string;
    bid: number;
    ask: number;
    last: number;
  }>(selectLatestSample);
  const [first] = rows;
  if (!first) return undefined;
  const quotes = rows.map((row): Quote => ({
    characterId: row.character_id,
    bid: cents(row.bid),
    ask: cents(row.ask),
    last: cents(row.last),
  }));
  return board(first.quoted_at.getTime(), quotes);
}

/** Drops samples older than an hour. */
export async function dropOldSamples(database: Database): Promise<void> {
  await database.query(deleteOldSamples);
}
