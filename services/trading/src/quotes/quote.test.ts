import { expect, test } from 'vitest';
import { cents } from '../money.ts';
import { board, decodeBoard, encodeBoard } from './quote.ts';

const quote = { characterId: 'pip', bid: cents(99), ask: cents(101), last: cents(100) };

test('a board is the same after it went through Redis', () => {
  const original = board(1_700_000_000_123, [quote]);
  expect(decodeBoard(encodeBoard(original))).toEqual(original);
});

test.each(['', '{}', '{"quotedAt":1,"quotes":[{"characterId":"pip","bid":0,"ask":1,"last":1}]}'])(
  'what is no board is refused: %s',
  (text) => {
    expect(() => decodeBoard(text)).toThrow();
  },
);
