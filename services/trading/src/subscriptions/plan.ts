import type { Cents } from '../money.ts';

/** What real time costs, and how it is paid. */
export interface Plan {
  /** For one period. */
  price: Cents;
  periodSeconds: number;
}

/** Charges tried after one that was declined; then the subscription ends. */
export const RETRIES = 3;

/** The part of a period that passes before the first of them; each next pause is twice as long: of 30 days 1, 2 and 4. */
export const RETRY_AFTER = 1 / 30;

export type SubscriptionStatus = 'pending' | 'active' | 'past_due' | 'cancelled' | 'ended';
