import { describe, expect, test } from 'vitest';
import { cents } from '../money.ts';
import type { Quote } from '../quotes/quote.ts';
import { createWalk } from './walk.ts';

const character = { id: 'pip', name: 'Pip', startPrice: cents(4200), volatility: 0.12 };

function walked(
  ticks: number,
  { seed = 'seed', of = character, from = character.startPrice } = {},
): Quote[] {
  const walk = createWalk(of, from, seed);
  return Array.from({ length: ticks }, () => walk.next());
}

describe('a price', () => {
  test('is the same again with the same seed, and another with another seed or character', () => {
    expect(walked(500)).toEqual(walked(500));
    const last = (quotes: Quote[]) => quotes.map((quote) => quote.last);
    expect(last(walked(500, { seed: 'other' }))).not.toEqual(last(walked(500)));
    expect(last(walked(500, { of: { ...character, id: 'nix' } }))).not.toEqual(last(walked(500)));
  });

  test('moves, stays positive, and has a bid below its ask, also where it is a few cents and wild', () => {
    const wild = { ...character, startPrice: cents(3), volatility: 20 };
    for (const quotes of [walked(20_000), walked(20_000, { of: wild, from: wild.startPrice })]) {
      expect(new Set(quotes.map(({ last }) => last)).size).toBeGreaterThan(3);
      // One assertion for all: 20,000 of them take seconds.
      const wrong = quotes.filter(
        ({ bid, ask, last }) => !(Number.isSafeInteger(ask) && 0 < bid && bid < last && last < ask),
      );
      expect(wrong).toEqual([]);
    }
  });

  test('is drawn back to where it started', () => {
    // Five hours on, from four times the price: e^-5 of the distance is left, and chance.
    const end = walked(5 * 3600 * 4, { from: cents(4 * 4200) }).at(-1)?.last ?? 0;
    expect(end).toBeGreaterThan(4200 * 0.7);
    expect(end).toBeLessThan(4200 * 1.3);
  });

  test('has a spread that widens with volatility', () => {
    const spread = (volatility: number) => {
      const quotes = walked(2000, {
        of: { ...character, startPrice: cents(1_000_000), volatility },
        from: cents(1_000_000),
      }).slice(200);
      return (
        quotes.reduce((total, { bid, ask, last }) => total + (ask - bid) / last, 0) / quotes.length
      );
    };
    expect(spread(0.5)).toBeGreaterThan(1.5 * spread(0.05));
  });
});
