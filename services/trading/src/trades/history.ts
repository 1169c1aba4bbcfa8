import type { Database, Statement } from '../database.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';
import { pageOf, type Page, type PageRequest } from '../page.ts';

/** A trade of the past, as its customer sees it. */
export interface TradeView {
  id: string;
  characterId: string;
  action: 'buy' | 'sell';
  kind: 'market' | 'limit';
  /** The limit order that it filled; null for a market order. */
  orderId: string | null;
  quantity: Shares;
  price: Cents;
  amount: Cents;
  commission: Cents;
  /** Of a sale: proceeds after commission less the cost of what was sold; 0 for a purchase. */
  realisedProfit: Cents;
  /** ISO 8601. */
  executedAt: string;
}

export interface TradeHistory {
  /** Newest first, of all characters or of one. */
  list(userId: string, page: PageRequest, characterId?: string): Promise<Page<TradeView>>;
}

interface TradeRow {
  id: number;
  character_id: string;
  action: 'buy' | 'sell';
  order_id: number | null;
  quantity: number;
  price: number;
  amount: number;
  commission: number;
  realised_profit: number;
  executed_at: Date;
}

const COLUMNS =
  'id, character_id, action, order_id, quantity, price, amount, commission, realised_profit, executed_at';

const selectTrades: Statement = {
  name: 'select_trades',
  operation: 'select',
  table: 'trades',
  text: `SELECT ${COLUMNS} FROM trades WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
};

const selectTradesOfCharacter: Statement = {
  name: 'select_trades_of_character',
  operation: 'select',
  table: 'trades',
  text: `SELECT ${COLUMNS} FROM trades WHERE user_id = $1 AND id < $2 AND character_id = $4 ORDER BY id DESC LIMIT $3`,
};

export function createTradeHistory(database: Database): TradeHistory {
  return {
    list: (userId, page, characterId) =>
      pageOf(page, async (before, limit) => {
        const rows = await (characterId === undefined
          ? database.query<TradeRow>(selectTrades, [userId, before, limit])
          : database.query<TradeRow>(selectTradesOfCharacter, [
              userId,
              before,
              limit,
              characterId,
            ]));
        return rows.map(viewOf);
      }),
  };
}

function viewOf(row: TradeRow): TradeView {
  return {
    id: String(row.id),
    characterId: row.character_id,
    action: row.action,
    kind: row.order_id === null ? 'market' : 'limit',
    orderId: row.order_id === null ? null : String(row.order_id),
    quantity: shares(row.quantity),
    price: cents(row.price),
    amount: cents(row.amount),
    commission: cents(row.commission),
    realisedProfit: cents(row.realised_profit),
    executedAt: row.executed_at.toISOString(),
  };
}
