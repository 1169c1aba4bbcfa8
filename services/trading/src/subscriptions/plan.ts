import type { Cents } from '../money.ts';

/** What real time costs, and how it is paid. */
export interface Plan {
  /** For one period. */
  price: Cents;
  periodSeconds: number;
  /** After the first decline; each next pause is twice as long. */
  retrySeconds: number;
}

/** Charges tried after one that was declined; then the subscription ends. */
export const RETRIES = 3;

export type SubscriptionStatus = 'pending' | 'active' | 'past_due' | 'cancelled' | 'ended';
