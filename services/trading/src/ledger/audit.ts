import type { Queryable, Statement } from '../database.ts';

/** One thing wrong in the books. */
export interface Difference {
  asset: string;
  /** What it is about: a transfer or an account's balance. */
  subject: string;
  /** As the entries say: numerics as text, because what is wrong may be of any size. */
  expected: string;
  found: string;
}

const selectDifferences: Statement = {
  name: 'select_ledger_differences',
  operation: 'select',
  table: 'entries',
  text: 'SELECT asset, subject, expected, found FROM ledger_differences ORDER BY asset, subject',
};

// One snapshot for both sums, so that trades under way are in both or in neither.
const selectImbalance: Statement = {
  name: 'select_ledger_imbalance',
  operation: 'select',
  table: 'entries',
  text: `SELECT a.asset,
           (abs(sum(coalesce(e.total, 0))) + sum(abs(coalesce(b.balance - coalesce(e.total, 0), 0))))::double precision AS imbalance
         FROM accounts a
         LEFT JOIN (SELECT account_id, sum(amount) AS total FROM entries GROUP BY account_id) e ON e.account_id = a.id
         LEFT JOIN balances b ON b.account_id = a.id
         GROUP BY a.asset`,
};

/** Recomputes every transfer and balance from the entries alone. @returns every difference; none when the books are right */
export function differences(connection: Queryable): Promise<Difference[]> {
  return connection.query<Difference>(selectDifferences);
}

/** By asset, how far the sum of all entries is off zero, plus how far balances are off their entries. */
export function ledgerImbalance(
  connection: Queryable,
): Promise<{ asset: string; imbalance: number }[]> {
  return connection.query<{ asset: string; imbalance: number }>(selectImbalance);
}
