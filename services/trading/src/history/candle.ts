import type { Cents } from '../money.ts';

export const INTERVALS = ['1m', '1h', '1d'] as const;

/** How long the time is that one candle is about: a minute, an hour or a day (UTC). */
export type Interval = (typeof INTERVALS)[number];

/** First, highest, lowest and last price of an interval, in cents. */
export interface Candle {
  /** ISO 8601. */
  startsAt: string;
  open: Cents;
  high: Cents;
  low: Cents;
  close: Cents;
}
