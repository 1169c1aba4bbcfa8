import type { Character } from '../characters/characters.ts';
import { board, type Quote, type QuoteBoard } from '../quotes/quote.ts';
import { createBreaker } from './halts.ts';
import { createWalk } from './walk.ts';

const DAY_MS = 24 * 3600 * 1000;

/** What the market goes on from. */
export interface Opening {
  characters: Character[];
  seed: string;
  /** The last board there was; undefined when the market opens for the first time. */
  left?: QuoteBoard | undefined;
  /** The boards of the last minute, oldest first. */
  lastMinute?: QuoteBoard[];
}

export interface Rounds {
  /** The next round of quotes. @param at milliseconds since 1970 */
  next(at: number): QuoteBoard;
  /** Tells what customers bought, less what they sold: shares by character. */
  bought(net: ReadonlyMap<string, number>): void;
}

/**
 * One round of quotes after the other, from nothing but the seed, the time, and what customers trade: prices walk, the
 * day's open is the first price of the day, and a character that moved too far stands still until its halt is over.
 */
export function createRounds({ characters, seed, left, lastMinute = [] }: Opening): Rounds {
  const listings = characters.map((character) => {
    const before = left?.quotes.get(character.id);
    const past = lastMinute.flatMap(({ quotedAt, quotes }) => {
      const quote = quotes.get(character.id);
      return quote?.haltedUntil === null ? [{ last: quote.last, at: quotedAt }] : [];
    });
    return {
      id: character.id,
      walk: createWalk(character, before?.last ?? character.startPrice, seed),
      breaker: createBreaker(past, before?.haltedUntil ?? null),
      quote: before,
    };
  });
  let round = left?.round ?? 0;
  let day = left && dayOf(left.quotedAt);

  const next = (listing: (typeof listings)[number], at: number, newDay: boolean): Quote => {
    const { id, walk, breaker, quote } = listing;
    const halted = breaker.haltedUntil(at);
    const price = quote && halted !== null ? quote : walk.next(round);
    const { bid, ask, last } = price;
    return {
      characterId: id,
      bid,
      ask,
      last,
      open: quote && !newDay ? quote.open : last,
      haltedUntil: halted ?? breaker.check(last, at),
    };
  };

  return {
    next(at) {
      round += 1;
      const newDay = dayOf(at) !== day;
      day = dayOf(at);
      for (const listing of listings) listing.quote = next(listing, at, newDay);
      return board(
        at,
        round,
        listings.flatMap(({ quote }) => quote ?? []),
      );
    },
    bought(net) {
      for (const { id, walk } of listings) walk.bought(net.get(id) ?? 0);
    },
  };
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}
