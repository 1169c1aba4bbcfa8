import { expect, test } from 'vitest';
import { cents } from '../money.ts';
import { commissionOn } from './commission.ts';

test.each([
  [1, 1],
  [999, 1],
  [1000, 1],
  [1499, 1],
  [1500, 2], // exactly half a cent goes up
  [2499, 2],
  [2500, 3],
  [1_000_000, 1000],
  [10_010, 10],
  [9_000_000_000_000_000, 9_000_000_000_000],
])('the commission on %i cents is %i: 0.1 %%, half a cent up, at least 1', (amount, commission) => {
  expect(commissionOn(cents(amount))).toBe(commission);
});

test.each([1.5, NaN, Infinity, 2 ** 53])('%d is no amount of money', (value) => {
  expect(() => cents(value)).toThrow(RangeError);
});
