import { expect, test } from 'vitest';
import { cents } from '../money.ts';
import { board, dailyChange, decodeBoard, encodeBoard } from './quote.ts';

const quote = {
  characterId: 'pip',
  bid: cents(99),
  ask: cents(101),
  last: cents(100),
  open: cents(90),
  haltedUntil: null,
};

test('a board is the same after it went through Redis', () => {
  const halted = { ...quote, characterId: 'nix', haltedUntil: 1_700_000_060_123 };
  const original = board(1_700_000_000_123, 42, [quote, halted]);
  expect(decodeBoard(encodeBoard(original))).toEqual(original);
});

test.each([
  '',
  '{}',
  '{"quotedAt":1,"round":1,"quotes":[{"characterId":"pip","bid":0,"ask":1,"last":1,"open":1,"haltedUntil":null}]}',
])('what is no board is refused: %s', (text) => {
  expect(() => decodeBoard(text)).toThrow();
});

test.each([
  [100, 90, 0.1111],
  [90, 100, -0.1],
  [100, 100, 0],
])('a price of %d that opened at %d changed by %d', (last, open, change) => {
  expect(dailyChange({ last: cents(last), open: cents(open) })).toBe(change);
});
