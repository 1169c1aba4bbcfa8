import type { Database, Statement } from '../database.ts';
import { cents } from '../money.ts';
import { board, type Quote, type QuoteBoard } from './quote.ts';

const RETENTION = '1 hour';
// A minute brings 1,200; what a long pause left is dropped in several goes, none of which runs long. By ctid, because the
// planner takes a join with that many rows for a reason to read the whole table.
const BATCH = 10_000;

// Only what is newer than all there is: a leader that was held up writes nothing over what its successor wrote.
const insertSample: Statement = {
  name: 'insert_quotes',
  operation: 'insert',
  table: 'quotes',
  text: `INSERT INTO quotes (quoted_at, round, character_id, bid, ask, last, open, halted_until)
         SELECT sample.quoted_at, $2, q.id, q.bid, q.ask, q.last, q.open, to_timestamp(q.halted_until / 1000.0)
         FROM (SELECT to_timestamp($1::bigint / 1000.0)) AS sample (quoted_at),
           unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
             AS q (id, bid, ask, last, open, halted_until)
         WHERE NOT EXISTS (SELECT FROM quotes newer WHERE newer.quoted_at >= sample.quoted_at)
         ON CONFLICT DO NOTHING`,
};

const COLUMNS =
  'quoted_at, round, character_id, bid, ask, last, coalesce(open, last) AS open, halted_until';

const selectSample: Statement = {
  name: 'select_quotes',
  operation: 'select',
  table: 'quotes',
  text: `SELECT ${COLUMNS} FROM quotes
         WHERE quoted_at = (SELECT max(quoted_at) FROM quotes WHERE quoted_at <= coalesce($1, 'infinity'::timestamptz))`,
};

const selectSamplesSince: Statement = {
  name: 'select_quotes_since',
  operation: 'select',
  table: 'quotes',
  text: `SELECT ${COLUMNS} FROM quotes WHERE quoted_at > $1 ORDER BY quoted_at`,
};

const deleteOldSamples: Statement = {
  name: 'delete_old_quotes',
  operation: 'delete',
  table: 'quotes',
  text: `DELETE FROM quotes WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM quotes WHERE quoted_at < $1::timestamptz - interval '${RETENTION}'
           ORDER BY quoted_at LIMIT ${BATCH}))`,
};

interface SampleRow {
  quoted_at: Date;
  round: number;
  character_id: string;
  bid: number;
  ask: number;
  last: number;
  open: number;
  halted_until: Date | null;
}

/** Keeps a board in Postgres, for when Redis is away and for history; one that is not newer than the last is left out. */
export async function saveSample(
  database: Database,
  { quotedAt, round, quotes }: QuoteBoard,
): Promise<void> {
  const all = [...quotes.values()];
  await database.query(insertSample, [
    quotedAt,
    round,
    all.map((quote) => quote.characterId),
    all.map((quote) => quote.bid),
    all.map((quote) => quote.ask),
    all.map((quote) => quote.last),
    all.map((quote) => quote.open),
    all.map((quote) => quote.haltedUntil),
  ]);
}

/**
 * The newest board in Postgres, or the newest one of `before` or earlier (milliseconds since 1970); undefined when there
 * is none.
 */
export async function latestSample(
  database: Database,
  before?: number,
): Promise<QuoteBoard | undefined> {
  const until = before === undefined ? null : new Date(before);
  const [sample] = boards(await database.query<SampleRow>(selectSample, [until]));
  return sample;
}

/** All boards in Postgres that are newer than `after` (milliseconds since 1970), oldest first. */
export async function samplesSince(database: Database, after: number): Promise<QuoteBoard[]> {
  return boards(await database.query<SampleRow>(selectSamplesSince, [new Date(after)]));
}

/** Drops samples that were older than an hour at `now` (milliseconds since 1970). */
export async function dropOldSamples(database: Database, now: number): Promise<void> {
  await database.query(deleteOldSamples, [new Date(now)]);
}

/** Rows of one time are one board. */
function boards(rows: SampleRow[]): QuoteBoard[] {
  const byTime = Map.groupBy(rows, (row) => row.quoted_at.getTime());
  return [...byTime].map(([quotedAt, sample]) =>
    board(quotedAt, sample[0]?.round ?? 0, sample.map(quoteOf)),
  );
}

function quoteOf(row: SampleRow): Quote {
  return {
    characterId: row.character_id,
    bid: cents(row.bid),
    ask: cents(row.ask),
    last: cents(row.last),
    open: cents(row.open),
    haltedUntil: row.halted_until?.getTime() ?? null,
  };
}
