import { describe, expect, test } from 'vitest';
import { cents } from '../money.ts';
import { createBreaker } from './halts.ts';

const SECOND = 1000;

describe('trading', () => {
  test('goes on through a move of 20 %, and is halted for a minute by a larger one, up or down', () => {
    for (const [allowed, tooFar] of [
      [1200, 1201],
      [800, 799],
    ] as const) {
      const breaker = createBreaker();
      expect(breaker.check(cents(1000), 0)).toBeNull();
      expect(breaker.check(cents(allowed), 1 * SECOND)).toBeNull();
      expect(breaker.check(cents(tooFar), 2 * SECOND)).toBe(62 * SECOND);
      expect(breaker.haltedUntil(61.75 * SECOND)).toBe(62 * SECOND);
      expect(breaker.haltedUntil(62 * SECOND)).toBeNull();
    }
  });

  test('is halted by a slow move that adds up within the minute, not by one that takes longer', () => {
    const climb = (stepMs: number) => {
      const breaker = createBreaker();
      const prices = [1000, 1080, 1160, 1240];
      return prices.map((price, n) => breaker.check(cents(price), n * stepMs) !== null);
    };
    expect(climb(19.9 * SECOND)).toEqual([false, false, false, true]);
    expect(climb(20 * SECOND)).toEqual([false, false, false, false]);
  });

  test('is halted by what comes back from a peak within the minute', () => {
    const breaker = createBreaker();
    for (const [n, price] of [1000, 1190, 1000].entries()) breaker.check(cents(price), n * SECOND);
    expect(breaker.check(cents(950), 3 * SECOND)).not.toBeNull();
  });

  test('begins anew after a halt: neither the prices before it nor the one that caused it count', () => {
    const breaker = createBreaker();
    breaker.check(cents(1000), 0);
    const until = breaker.check(cents(2000), 1 * SECOND) ?? NaN;
    expect(breaker.haltedUntil(until)).toBeNull();
    expect(breaker.check(cents(1000), until)).toBeNull();
    expect(breaker.check(cents(1201), until + 1 * SECOND)).not.toBeNull();
  });

  test('goes on as the last leader left it: halted, or with its prices of the last minute', () => {
    expect(createBreaker([], 5 * SECOND).haltedUntil(4 * SECOND)).toBe(5 * SECOND);
    const past = [{ last: cents(1000), at: 0 }];
    expect(createBreaker(past).check(cents(1300), 59 * SECOND)).not.toBeNull();
    expect(createBreaker(past).check(cents(1300), 60 * SECOND)).toBeNull();
  });
});
