import { describe, expect, test } from 'vitest';
import { cents } from '../money.ts';
import { createWalk, type Price } from './walk.ts';

const character = { id: 'pip', name: 'Pip', startPrice: cents(4200), volatility: 0.12 };

function walked(
  ticks: number,
  { seed = 'seed', of = character, from = character.startPrice } = {},
): Price[] {
  const walk = createWalk(of, from, seed);
  return Array.from({ length: ticks }, (_, tick) => walk.next(tick));
}

describe('a price', () => {
  test('is the same again with the same seed, and another with another seed or character', () => {
    expect(walked(500)).toEqual(walked(500));
    const last = (quotes: Price[]) => quotes.map((quote) => quote.last);
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

  test("is lifted by customers' net buying and lowered by their selling, by volatility times what part of a day's volume it is", () => {
    // 10,000 berries are a 500th of a day's 5 million; the wildest character moves by 0.14 / √(1/24) of that.
    const wildest = { ...character, startPrice: cents(1_000_000), volatility: 0.14 };
    const move = (...trades: number[]) => {
      const [walk, alone] = [1, 2].map(() => createWalk(wildest, wildest.startPrice, 'seed'));
      for (const net of trades) walk?.bought(net);
      return (walk?.next(1).last ?? 0) / (alone?.next(1).last ?? 0) - 1;
    };
    const impact = 0.14 * Math.sqrt(24) * (1 / 500);
    expect(move(1)).toBeCloseTo(impact, 5);
    expect(move(-1)).toBeCloseTo(-impact, 5);
    // In parts, and back again.
    expect(move(2, 3, 5)).toBe(move(10));
    expect(move(5, -5)).toBe(0);
    // Less than the spread and two commissions take from who buys to lift the price and sells into it.
    expect(impact).toBeLessThan(0.001 + 2 * 0.001);
  });

  test('loses what customers moved it by with the reversion', () => {
    const calm = { ...character, startPrice: cents(1_000_000), volatility: 0.01 };
    const [walk, alone] = [1, 2].map(() => createWalk(calm, calm.startPrice, 'seed'));
    walk?.bought(3000);
    const moved = (round: number) =>
      Math.log((walk?.next(round).last ?? NaN) / (alone?.next(round).last ?? NaN));
    const atFirst = moved(0);
    expect(atFirst).toBeGreaterThan(0.1);
    // An hour on, e^-1 of it is left, whatever chance did.
    for (let round = 1; round < 3600 * 4; round += 1) moved(round);
    expect(moved(3600 * 4) / atFirst).toBeCloseTo(Math.exp(-1), 3);
  });

  test('stays within a tenth and ten times its start, whatever is bought or sold', () => {
    const walk = createWalk(character, character.startPrice, 'seed');
    walk.bought(1e12);
    expect(walk.next(1).last).toBe(42_000);
    walk.bought(-1e12);
    expect(walk.next(2).last).toBe(420);
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
