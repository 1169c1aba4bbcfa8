import type { Cents } from '../money.ts';

/** Money from a card to a customer, back to a card, or from a card for the real-time plan. */
export type PaymentKind = 'deposit' | 'withdrawal' | 'subscription';

export type PaymentStatus = 'pending' | 'succeeded' | 'failed';

/** What the gateway is told of a payment, and asked about it. */
export interface Payment {
  id: number;
  /** Names it at the gateway. */
  reference: string;
  userId: string;
  kind: PaymentKind;
  amount: Cents;
  /** The card's token; nothing else of a card ever comes here. */
  card: string;
  status: PaymentStatus;
  createdAt: Date;
}

export interface PaymentRow {
  id: number;
  reference: string;
  user_id: string;
  kind: PaymentKind;
  amount: Cents;
  card: string;
  status: PaymentStatus;
  reason: string | null;
  created_at: Date;
  settled_at: Date | null;
}

/** The columns of {@link PaymentRow}, for a SELECT or RETURNING. */
export const PAYMENT_COLUMNS =
  'id, reference, user_id, kind, amount, card, status, reason, created_at, settled_at';

export function toPayment(row: PaymentRow): Payment {
  const { id, reference, user_id: userId, kind, amount, card, status, created_at: createdAt } = row;
  return { id, reference, userId, kind, amount, card, status, createdAt };
}

/** A payment as its customer sees it. */
export interface PaymentView {
  id: string;
  kind: PaymentKind;
  amount: Cents;
  card: string;
  status: PaymentStatus;
  /** Why it failed; null otherwise. */
  reason: string | null;
  /** ISO 8601. */
  createdAt: string;
  settledAt: string | null;
}

export function toView(row: PaymentRow): PaymentView {
  const { id, kind, amount, card, status, reason } = row;
  return {
    id: String(id),
    kind,
    amount,
    card,
    status,
    reason,
    createdAt: row.created_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}
