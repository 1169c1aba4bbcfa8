import type { Queryable, Statement } from '../database.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';

/** The asset that is money. */
const CASH = 'BERRY';

/** What a new customer starts with: 10,000 berries, given by the house. */
export const STARTING_CREDIT: Cents = cents(1_000_000);

/** What a customer has: cash, and shares by character id (only those ever traded; may be 0). */
export interface CustomerBalances {
  cash: Cents;
  holdings: ReadonlyMap<string, Shares>;
}

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

const lockCashBalance: Statement = {
  name: 'lock_customer',
  operation: 'select',
  table: 'balances',
  text: `SELECT b.balance FROM accounts a JOIN balances b ON b.account_id = a.id
         WHERE a.user_id = $1 AND a.purpose = 'customer' AND a.asset = '${CASH}' FOR UPDATE OF b`,
};

const selectBalances: Statement = {
  name: 'select_balances',
  operation: 'select',
  table: 'balances',
  text: `SELECT a.asset, b.balance FROM accounts a JOIN balances b ON b.account_id = a.id
         WHERE a.user_id = $1 AND a.purpose = 'customer'`,
};

/** Opens a new customer's cash account and credits it; belongs in the transaction that creates the user. */
export async function openCustomerAccount(connection: Queryable, userId: string): Promise<void> {
  const [account] = await connection.query<{ id: number }>(openCashAccount, [userId]);
  await connection.query(postStartingCredit, [account?.id, STARTING_CREDIT]);
}

/**
 * Takes the customer's lock, which is the row of their cash balance, until the transaction ends. Whatever moves a customer's
 * money or shares takes it first: it runs alone, and there is no order of locks in which two could wait for each other.
 *
 * @returns what the customer can spend
 */
export async function lockCustomer(connection: Queryable, userId: string): Promise<Cents> {
  const [row] = await connection.query<{ balance: number }>(lockCashBalance, [userId]);
  if (!row) throw new Error(`Customer ${userId} has no cash account`);
  return cents(row.balance);
}

/** Everything a customer has, in one statement. */
export async function balancesOf(connection: Queryable, userId: string): Promise<CustomerBalances> {
  const rows = await connection.query<{ asset: string; balance: number }>(selectBalances, [userId]);
  const holdings = new Map<string, Shares>();
  let cash = cents(0);
  for (const { asset, balance } of rows) {
    if (asset === CASH) cash = cents(balance);
    else holdings.set(asset, shares(balance));
  }
  return { cash, holdings };
}
