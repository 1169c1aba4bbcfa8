import { cents, shares, type Cents, type Shares } from '../money.ts';

export type Side = 'buy' | 'sell';

export const ORDER_STATUSES = [
  'open',
  'partially_filled',
  'filled',
  'cancelled',
  'expired',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** A limit order as its customer sees it: filled + remaining + cancelled = quantity. */
export interface Order {
  id: string;
  characterId: string;
  side: Side;
  quantity: Shares;
  /** The most that a share may cost, or the least that it must bring. */
  limitPrice: Cents;
  filled: Shares;
  remaining: Shares;
  /** What was not filled when it was cancelled or expired. */
  cancelled: Shares;
  status: OrderStatus;
  /** All fills so far, without commission. */
  amount: Cents;
  /** On all fills together. */
  commission: Cents;
  /** What is held back for the rest: cents when buying, shares when selling. */
  reserved: number;
  /** ISO 8601, as the following. */
  expiresAt: string | null;
  createdAt: string;
  closedAt: string | null;
}

export interface OrderRow {
  id: number;
  character_id: string;
  side: Side;
  quantity: number;
  limit_price: number;
  filled: number;
  remaining: number;
  cancelled: number;
  status: OrderStatus;
  amount: number;
  commission: number;
  reserved: number;
  expires_at: Date | null;
  created_at: Date;
  closed_at: Date | null;
}

/** What to select for `orderOf`. */
export const ORDER_COLUMNS = `id, character_id, side, quantity, limit_price, filled, remaining, cancelled, status, amount,
  commission, reserved, expires_at, created_at, closed_at`;

export function orderOf(row: OrderRow): Order {
  return {
    id: String(row.id),
    characterId: row.character_id,
    side: row.side,
    quantity: shares(row.quantity),
    limitPrice: cents(row.limit_price),
    filled: shares(row.filled),
    remaining: shares(row.remaining),
    cancelled: shares(row.cancelled),
    status: row.status,
    amount: cents(row.amount),
    commission: cents(row.commission),
    reserved: row.reserved,
    expiresAt: row.expires_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
  };
}
