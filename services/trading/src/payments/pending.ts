import type { Queryable, Statement } from '../database.ts';

const selectPending: Statement = {
  name: 'count_pending_payments',
  operation: 'select',
  table: 'payments',
  text: "SELECT count(*) AS count FROM payments WHERE user_id = $1 AND status = 'pending'",
};

/** How many of a customer's payments the gateway has not yet answered for. */
export async function countPending(connection: Queryable, userId: string): Promise<number> {
  const [row] = await connection.query<{ count: number }>(selectPending, [userId]);
  if (!row) throw new Error('count_pending_payments gave no row');
  return row.count;
}
