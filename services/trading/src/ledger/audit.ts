import type { Queryable, Statement } from '../database.ts';

/** One thing wrong in the books. */
export interface Difference {
  asset: string;
  /** What it is about: a transfer, an account's balance, an order … */
  subject: string;
  /** As the entries say: numerics as text, because what is wrong may be of any size. */
  expected: string;
  found: string;
}

const selectDifferences: Statement = {
  name: 'select_ledger_differences',
  operation: 'select',
  table: 'entries',
  text: `SELECT asset, subject, expected, found FROM ledger_differences
         UNION ALL SELECT asset, subject, expected, found FROM payment_differences ORDER BY asset, subject`,
};

const advanceSums: Statement = {
  name: 'advance_ledger_sums',
  operation: 'call',
  table: 'entries',
  text: 'SELECT advance_ledger_sums()',
};

const checkLedger: Statement = {
  name: 'check_ledger',
  operation: 'call',
  table: 'entries',
  // Withdrawals that are pending are what is in the house's account for them.
  text: `SELECT asset, (imbalance + CASE asset WHEN 'BERRY' THEN abs(
             (SELECT balance FROM house_balances() WHERE purpose = 'payouts')
             - (SELECT coalesce(sum(amount), 0) FROM payments WHERE status = 'pending' AND kind = 'withdrawal'))
           ELSE 0 END)::double precision AS imbalance
         FROM check_ledger($1)`,
};

/** Balances that are looked at in each check although nothing moved them: 100,000 customers' come round within the hour. */
const SWEEP = 5000;

/** Recomputes every transfer, balance, reserve, position, order, trade and payment. @returns every difference; none when the books are right */
export function differences(connection: Queryable): Promise<Difference[]> {
  return connection.query<Difference>(selectDifferences);
}

/**
 * By asset, how far the sum of all entries is off zero, plus how far balances are off their entries, plus how far the money of
 * withdrawals under way is off these. It costs as much as has happened since the last check, not as much as ever has: entries
 * of before are in sums. An entry that was changed in place is therefore only found by `differences`.
 *
 * @param database not a transaction's connection: the sums are advanced by a transaction of their own
 */
export async function ledgerImbalance(
  database: Queryable,
): Promise<{ asset: string; imbalance: number }[]> {
  await database.query(advanceSums);
  return database.query<{ asset: string; imbalance: number }>(checkLedger, [SWEEP]);
}
