import { z } from 'zod';
import { cents, type Cents } from '../money.ts';

/** What the house pays (bid) and asks (ask) for one share, in cents; bid < ask. */
export interface Quote {
  characterId: string;
  bid: Cents;
  ask: Cents;
  last: Cents;
  /** The first price of the day (UTC). */
  open: Cents;
  /** Nothing is traded until then, in milliseconds since 1970; null while trading goes on. */
  haltedUntil: number | null;
}

/** One round of quotes: every character at one moment. */
export interface QuoteBoard {
  /** Milliseconds since 1970. */
  quotedAt: number;
  /** Counts the rounds since the market first opened, over all leaders. */
  round: number;
  quotes: ReadonlyMap<string, Quote>;
}

/** Redis key of the newest board, and the channel each new one is published on. */
export const QUOTES_KEY = 'market:quotes';

/** A price older than this is not traded on. */
export const TRADABLE_FOR_MS = 3000;

const price = z.int().positive().transform(cents);

const boardSchema = z.object({
  quotedAt: z.int(),
  round: z.int(),
  quotes: z.array(
    z.object({
      characterId: z.string(),
      bid: price,
      ask: price,
      last: price,
      open: price,
      haltedUntil: z.int().nullable(),
    }),
  ),
});

export function encodeBoard({ quotedAt, round, quotes }: QuoteBoard): string {
  return JSON.stringify({ quotedAt, round, quotes: [...quotes.values()] });
}

/** @throws when `text` is not what encodeBoard makes */
export function decodeBoard(text: string): QuoteBoard {
  const { quotedAt, round, quotes } = boardSchema.parse(JSON.parse(text));
  return board(quotedAt, round, quotes);
}

export function board(quotedAt: number, round: number, quotes: Iterable<Quote>): QuoteBoard {
  return {
    quotedAt,
    round,
    quotes: new Map([...quotes].map((quote) => [quote.characterId, quote])),
  };
}

/** How far a price is from the day's open, as a ratio to 4 decimals: 0.0123 is 1.23 % up. */
export function dailyChange({ last, open }: Pick<Quote, 'last' | 'open'>): number {
  return Math.round((last / open - 1) * 10_000) / 10_000;
}
