import type { Database, Statement } from '../database.ts';

/**
 * Trades are counted once they are 2 seconds old. A trade gets its number before it is committed, so a lower number can
 * show up after a higher one; but no statement of a trade runs for longer than 1.4 s, so what is older than this is complete.
 */
const COMPLETE_AFTER = '2 seconds';
/** What is older when it is first seen was loaded from elsewhere, and moves nothing. */
const COUNTED_FOR = '1 minute';
/** Most trades counted at once; the rest is counted a second later. */
const MOST = 10_000;

const selectLastCounted: Statement = {
  name: 'select_last_counted_trade',
  operation: 'select',
  table: 'trades',
  text: `SELECT id FROM trades WHERE executed_at < $1::timestamptz - interval '${COMPLETE_AFTER}' ORDER BY id DESC LIMIT 1`,
};

// Up to the first trade that is too young, and not past it, whatever the times of those after it.
const sumTrades: Statement = {
  name: 'sum_trades',
  operation: 'select',
  table: 'trades',
  text: `SELECT character_id, max(id) AS last_id,
           sum(CASE WHEN executed_at < clock_timestamp() - interval '${COUNTED_FOR}' THEN 0
                    WHEN action = 'buy' THEN quantity ELSE -quantity END)::bigint AS net
         FROM (
           SELECT id, character_id, action, quantity, executed_at FROM trades
           WHERE id > $1 AND id < coalesce(
             (SELECT id FROM trades WHERE id > $1 AND executed_at >= clock_timestamp() - interval '${COMPLETE_AFTER}'
              ORDER BY id LIMIT 1), 9223372036854775807)
           ORDER BY id LIMIT ${MOST}
         ) AS counted GROUP BY character_id`,
};

/** What customers buy and sell, counted as time goes on. */
export interface Flow {
  /** What was bought less what was sold since the last time this was asked: shares by character. */
  next(): Promise<ReadonlyMap<string, number>>;
}

/**
 * Counts each trade once, in one short statement each time, and takes no part in trading. A price may lack, or have twice,
 * the impact of a second's trades when the leader changes; no money hangs on it.
 *
 * @param since milliseconds since 1970: what was traded before has already moved the price
 */
export async function openFlow(database: Database, since: number): Promise<Flow> {
  const [counted] = await database.query<{ id: number }>(selectLastCounted, [new Date(since)]);
  let lastId = counted?.id ?? 0;
  return {
    async next() {
      const rows = await database.query<{ character_id: string; last_id: number; net: number }>(
        sumTrades,
        [lastId],
      );
      lastId = Math.max(lastId, ...rows.map((row) => row.last_id));
      return new Map(rows.map((row) => [row.character_id, row.net]));
    },
  };
}
