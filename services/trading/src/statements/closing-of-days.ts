import type { Database, Statement } from '../database.ts';
import type { Task } from '../worker/background.ts';
import { keepStatement } from './statements.ts';

const BATCH = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';

const selectYesterday: Statement = {
  name: 'select_yesterday',
  operation: 'select',
  table: 'none',
  text: "SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - 1, 'YYYY-MM-DD') AS day",
};

// Customers in the order of their ids, a batch at a time; of each the entries of one day are looked for in the index.
const selectBatch: Statement = {
  name: 'select_customers_of_day',
  operation: 'select',
  table: 'users',
  text: `SELECT u.id, moved.found IS NOT NULL AS missing
         FROM (SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT ${BATCH}) u
         LEFT JOIN LATERAL (
           SELECT true AS found FROM accounts a JOIN entries e ON e.account_id = a.id
           WHERE a.user_id = u.id AND e.created_at >= $2::timestamp AT TIME ZONE 'UTC'
             AND e.created_at < ($2::timestamp + interval '1 day') AT TIME ZONE 'UTC'
             AND NOT EXISTS (SELECT FROM statements WHERE user_id = u.id AND day = $2::date)
           LIMIT 1
         ) moved ON true
         ORDER BY u.id`,
};

/** Makes yesterday's statements of all whose money or shares moved, once the day is over; other days' are made when asked for. */
export function closingTask(database: Database): Task {
  let closed = '';
  return {
    name: 'closing of the day',
    everyMs: 60_000,
    async run(stop) {
      const [yesterday] = await database.query<{ day: string }>(selectYesterday);
      const day = yesterday?.day ?? '';
      if (day === closed) return;
      await closeDay(database, day, stop);
      if (!stop.aborted) closed = day;
    },
  };
}

/**
 * Makes the missing statements of a day that is over, each in a transaction of its own.
 *
 * @param day YYYY-MM-DD
 * @param stop leaves the rest for another time
 */
export async function closeDay(database: Database, day: string, stop?: AbortSignal): Promise<void> {
  for (let last: string | undefined = FIRST; last !== undefined;) {
    const customers: { id: string; missing: boolean }[] = await database.query(selectBatch, [
      last,
      day,
    ]);
    for (const { id, missing } of customers) {
      if (stop?.aborted) return;
      if (missing) await database.query(keepStatement, [id, day]);
    }
    last = customers.at(-1)?.id;
  }
}
