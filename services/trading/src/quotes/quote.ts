import { z } from 'zod';
import { cents, type Cents } from '../money.ts';

/** What the house pays (bid) and asks (ask) for one share, in cents; bid < ask. */
export interface Quote {
  characterId: string;
  bid: Cents;
  ask: Cents;
  last: Cents;
}

/** One round of quotes: every character at one moment. */
export interface QuoteBoard {
  /** Milliseconds since 1970. */
  quotedAt: number;
  quotes: ReadonlyMap<string, Quote>;
}

/** Redis key of the newest board, and the channel each new one is published on. */
export const QUOTES_KEY = 'market:quotes';

/** A price older than this is not traded on. */
export const TRADABLE_FOR_MS = 3000;

const price = z.int().positive().transform(cents);

const boardSchema = z.object({
  quotedAt: z.int(),
  quotes: z.array(z.object({ characterId: z.string(), bid: price, ask: price, last: price })),
});

export function encodeBoard({ quotedAt, quotes }: QuoteBoard): string {
  return JSON.stringify({ quotedAt, quotes: [...quotes.values()] });
}

/** @throws when `text` is not what encodeBoard makes */
export function decodeBoard(text: string): QuoteBoard {
  const { quotedAt, quotes } = boardSchema.parse(JSON.parse(text));
  return board(quotedAt, quotes);
}

export function board(quotedAt: number, quotes: Iterable<Quote>): QuoteBoard {
  return { quotedAt, quotes: new Map([...quotes].map((quote) => [quote.characterId, quote])) };
}
