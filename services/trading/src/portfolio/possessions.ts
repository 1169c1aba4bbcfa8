import type { Database, Statement } from '../database.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';

/** What a customer has of one character; also when it is sold out. */
export interface Position {
  /** Those that open orders hold back included. */
  quantity: Shares;
  reserved: Shares;
  /** Paid for `quantity`, with the commission. */
  cost: Cents;
  /** Of all sales so far. */
  realisedProfit: Cents;
}

/** Everything a customer has: what can be spent, what open orders hold back, and what was ever traded, by character. */
export interface Possessions {
  cash: Cents;
  reservedCash: Cents;
  positions: ReadonlyMap<string, Position>;
}

// One statement, so that cash and shares are of one moment.
const selectPossessions: Statement = {
  name: 'select_possessions',
  operation: 'select',
  table: 'balances',
  text: `SELECT a.asset,
           coalesce(sum(b.balance) FILTER (WHERE a.purpose = 'customer'), 0)::bigint AS free,
           coalesce(sum(b.balance) FILTER (WHERE a.purpose = 'reserved'), 0)::bigint AS reserved,
           coalesce(max(p.cost), 0) AS cost, coalesce(max(p.realised_profit), 0) AS realised_profit
         FROM accounts a JOIN balances b ON b.account_id = a.id
         LEFT JOIN positions p ON p.user_id = a.user_id AND p.character_id = a.asset
         WHERE a.user_id = $1 GROUP BY a.asset`,
};

interface PossessionRow {
  asset: string;
  free: number;
  reserved: number;
  cost: number;
  realised_profit: number;
}

export async function possessionsOf(database: Database, userId: string): Promise<Possessions> {
  const rows = await database.query<PossessionRow>(selectPossessions, [userId]);
  const cash = rows.find(({ asset }) => asset === 'BERRY');
  const positions = rows
    .filter((row) => row !== cash)
    .map((row): [string, Position] => [
      row.asset,
      {
        quantity: shares(row.free + row.reserved),
        reserved: shares(row.reserved),
        cost: cents(row.cost),
        realisedProfit: cents(row.realised_profit),
      },
    ]);
  return {
    cash: cents(cash?.free ?? 0),
    reservedCash: cents(cash?.reserved ?? 0),
    positions: new Map(positions),
  };
}
