import { expect, test } from 'vitest';
import { board } from './quote.ts';
import { createRecentBoards } from './recent.ts';

const at = (quotedAt: number) => board(quotedAt, 1, []);

test('of the last boards, the newest is found, and the newest before a time', () => {
  const recent = createRecentBoards();
  expect(recent.newest()).toBeUndefined();
  for (const quotedAt of [1000, 1250, 1500, 1750]) recent.add(at(quotedAt));

  expect(recent.newest()).toEqual(at(1750));
  expect(recent.before(1500)).toEqual(at(1500));
  expect(recent.before(1499)).toEqual(at(1250));
  expect(recent.before(999)).toBeUndefined();
});

test('a board that comes late, or twice, changes nothing', () => {
  const recent = createRecentBoards();
  for (const quotedAt of [1000, 1500, 1250, 1500]) recent.add(at(quotedAt));
  expect(recent.newest()).toEqual(at(1500));
  expect(recent.before(1499)).toEqual(at(1000));
});

test('five seconds of boards are kept, and not many more', () => {
  const recent = createRecentBoards();
  for (let n = 1; n <= 1000; n += 1) recent.add(at(n * 250));
  expect(recent.before(250_000 - 5000)).toEqual(at(245_000));
  expect(recent.before(250_000 - 15_000)).toBeUndefined();
});
