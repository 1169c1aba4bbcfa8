import type { Queryable, Statement } from '../database.ts';
import { cents, type Cents } from '../money.ts';

/** The asset that is money. */
const CASH = 'BERRY';

/** What a new customer starts with: 10,000 berries, given by the house. */
export const STARTING_CREDIT: Cents = cents(1_000_000);

const openCashAccount: Statement = {
  name: 'open_cash_account',
  operation: 'insert',
  table: 'accounts',
  text: `INSERT INTO accounts (user_id, purpose, asset) VALUES ($1, 'customer', '${CASH}') RETURNING id`,
};

const postStartingCredit: Statement = {
  name: 'post_starting_credit',
  operation: 'call',
  table: 'entries',
  text: `SELECT post_transfer('starting_credit',
           ARRAY[house_account('promotion', '${CASH}'), $1::bigint], ARRAY[-$2::bigint, $2::bigint])`,
};

const lockCustomerRow: Statement = {
  name: 'lock_customer',
  operation: 'call',
  table: 'balances',
  text: 'SELECT lock_customer($1) AS cash',
};

/** Opens a new customer's cash account and credits it; belongs in the transaction that creates the user. */
export async function openCustomerAccount(connection: Queryable, userId: string): Promise<void> {
  const [account] = await connection.query<{ id: number }>(openCashAccount, [userId]);
  await connection.query(postStartingCredit, [account?.id, STARTING_CREDIT]);
}

/**
 * Takes the customer's lock until the transaction ends; whatever moves a customer's money or shares takes it first.
 *
 * @returns what the customer can spend
 */
export async function lockCustomer(connection: Queryable, userId: string): Promise<Cents> {
  const [row] = await connection.query<{ cash: number }>(lockCustomerRow, [userId]);
  return cents(row?.cash ?? NaN);
}
