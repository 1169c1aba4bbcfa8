import { dailyChange, type Quote, type QuoteBoard } from '../quotes/quote.ts';
import type { ServerMessage } from './protocol.ts';

/** The characters that a client sees; equal ones have equal keys. */
export interface Subscription {
  characters: ReadonlySet<string>;
  key: string;
}

export function subscription(characters: Iterable<string>): Subscription {
  const set = new Set(characters);
  return { characters: set, key: [...set].sort().join() };
}

/**
 * The message that tells of a board to whom has subscribed so, as text: of all characters, or with `since` only of those
 * that changed since that board. Undefined when there is nothing to tell.
 */
export type QuoteTexts = (to: Subscription, since: QuoteBoard | undefined) => string | undefined;

/** Makes each text of a board once: clients that have subscribed to the same and have seen the same share it. */
export function quoteTexts(board: QuoteBoard): QuoteTexts {
  const made = new Map<string, string | undefined>();
  return (to, since) => {
    // By its time: the board itself as a key would keep all boards before it in memory.
    const key = `${since?.quotedAt ?? ''} ${to.key}`;
    if (!made.has(key)) made.set(key, textOf(board, to.characters, since));
    return made.get(key);
  };
}

function textOf(
  { quotedAt, quotes }: QuoteBoard,
  characters: ReadonlySet<string>,
  since: QuoteBoard | undefined,
): string | undefined {
  const changed = [...quotes.values()].filter(
    (quote) =>
      characters.has(quote.characterId) && !isSame(quote, since?.quotes.get(quote.characterId)),
  );
  if (changed.length === 0) return undefined;
  const message: ServerMessage = {
    type: 'quotes',
    quotedAt: new Date(quotedAt).toISOString(),
    quotes: changed.map(told),
  };
  return JSON.stringify(message);
}

/** A quote as a client is told it. */
function told(quote: Quote) {
  const { characterId, bid, ask, last, haltedUntil } = quote;
  return {
    characterId,
    bid,
    ask,
    last,
    change: dailyChange(quote),
    haltedUntil: haltedUntil === null ? null : new Date(haltedUntil).toISOString(),
  };
}

function isSame(quote: Quote, before: Quote | undefined): boolean {
  return (
    quote.bid === before?.bid &&
    quote.ask === before.ask &&
    quote.last === before.last &&
    quote.open === before.open &&
    quote.haltedUntil === before.haltedUntil
  );
}
