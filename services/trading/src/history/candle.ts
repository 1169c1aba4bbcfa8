import type { Cents } from '../money.ts';

export const INTERVALS = ['1m', '1h', '1d'] as const;

/** How long the time is that one candle is about: a minute, an hour or a day (UTC). */
export type Interval = (typeof INTERVALS)[number];

const LENGTH_MS: Record<Interval, number> = { '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 };

/** When the interval that holds a moment began. @param at milliseconds since 1970 */
export function startOf(interval: Interval, at: number): Date {
  return new Date(Math.floor(at / LENGTH_MS[interval]) * LENGTH_MS[interval]);
}

/** First, highest, lowest and last price of an interval, in cents. */
export interface Candle {
  /** ISO 8601. */
  startsAt: string;
  open: Cents;
  high: Cents;
  low: Cents;
  close: Cents;
}
