import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cents } from '../money.ts';
import { decodeBoard, encodeBoard, type QuoteBoard } from '../quotes/quote.ts';
import { createRounds, type Rounds } from './rounds.ts';

const PIP = 'pip';
const characters = [
  { id: PIP, name: 'Pip', startPrice: cents(4200), volatility: 0.12 },
  { id: 'nix', name: 'Nix', startPrice: cents(12_600), volatility: 0.14 },
];
const NOON = Date.UTC(2026, 10, 21, 12);
const TICK = 250;
/** Buys that lift Pip's price by half. */
const CRAZE = new Map([[PIP, 82_000]]);

function ticks(rounds: Rounds, count: number, from = NOON): QuoteBoard[] {
  return Array.from({ length: count }, (_, n) => rounds.next(from + n * TICK));
}

const pip = (board: QuoteBoard | undefined) => {
  const quote = board?.quotes.get(PIP);
  if (!quote) throw new Error('Pip is not quoted');
  return quote;
};

describe('rounds of quotes', () => {
  test('are the same again from the same start, when nobody trades', () => {
    const run = () => ticks(createRounds({ characters, seed: 'seed' }), 1000);
    expect(run()).toEqual(run());
    expect(run().map(({ round }) => round)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
  });

  test('go on the same way after the leader changed, but for parts of a cent', () => {
    const one = createRounds({ characters, seed: 'seed' });
    const [before, after] = [ticks(one, 500), ticks(one, 500, NOON + 500 * TICK)];
    // As the board comes to the next leader.
    const left = decodeBoard(encodeBoard(before.at(-1) as QuoteBoard));
    const two = ticks(createRounds({ characters, seed: 'seed', left }), 500, NOON + 500 * TICK);
    const apart = two.map((board, n) => Math.abs(pip(board).last - pip(after[n]).last));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    expect(two.map(({ round }) => round)).toEqual(after.map(({ round }) => round));
  });

  test('keep the first price of the day, UTC, as its open, also past a change of leader', () => {
    const midnight = NOON + 12 * 3600 * 1000;
    const rounds = createRounds({ characters, seed: 'seed' });
    const evening = ticks(rounds, 40, midnight - 40 * TICK);
    const morning = ticks(rounds, 40, midnight);
    expect(new Set(evening.map((board) => pip(board).open))).toEqual(
      new Set([pip(evening[0]).last]),
    );
    expect(new Set(morning.map((board) => pip(board).open))).toEqual(
      new Set([pip(morning[0]).last]),
    );
    expect(pip(morning[0]).open).not.toBe(pip(evening[0]).open);

    const next = createRounds({ characters, seed: 'seed', left: morning.at(-1) });
    expect(pip(next.next(midnight + 3600 * 1000)).open).toBe(pip(morning[0]).last);
  });

  test('stand still for a halted character alone, and go on from there when the halt is over', () => {
    const rounds = createRounds({ characters, seed: 'seed' });
    const [first] = ticks(rounds, 1);
    rounds.bought(CRAZE);
    const halted = ticks(rounds, 240, NOON + TICK);
    expect(pip(halted[0]).last / pip(first).last).toBeGreaterThan(1.4);
    const until = NOON + TICK + 60_000;
    expect(new Set(halted.map((board) => JSON.stringify({ ...pip(board) }))).size).toBe(1);
    expect(pip(halted[0]).haltedUntil).toBe(until);
    expect(new Set(halted.map(({ quotes }) => quotes.get('nix')?.last)).size).toBeGreaterThan(10);
    expect(halted.every(({ quotes }) => quotes.get('nix')?.haltedUntil === null)).toBe(true);

    const after = rounds.next(until);
    expect(pip(after).haltedUntil).toBeNull();
    expect(pip(after).last / pip(halted[0]).last).toBeCloseTo(1, 1);
  });

  test('keep a halt, and what led to one, when the leader changes', () => {
    const one = createRounds({ characters, seed: 'seed' });
    const before = ticks(one, 10);
    const [left] = before.slice(-1);
    const at = NOON + 10 * TICK;

    // The craze comes just after the change: only the boards of the last minute tell that it is one.
    const two = createRounds({ characters, seed: 'seed', left, lastMinute: before });
    two.bought(CRAZE);
    const halted = two.next(at);
    expect(pip(halted).haltedUntil).toBe(at + 60_000);

    const three = createRounds({ characters, seed: 'seed', left: halted, lastMinute: [halted] });
    expect(pip(three.next(at + 59_999))).toEqual(pip(halted));
    expect(pip(three.next(at + 60_000)).haltedUntil).toBeNull();
  });

  test('never have two prices to trade on within a minute that are more than 20 % apart', () => {
    const step = fc.record({
      gapMs: fc.oneof(fc.constant(TICK), fc.integer({ min: 1, max: 90_000 })),
      net: fc.oneof(fc.constant(0), fc.integer({ min: -200_000, max: 200_000 })),
      leaderChanges: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 60 }), (steps) => {
        let at = NOON;
        let rounds = createRounds({ characters, seed: 'seed' });
        const boards: QuoteBoard[] = [];
        for (const { gapMs, net, leaderChanges } of steps) {
          at += gapMs;
          const lastMinute = boards.filter(({ quotedAt }) => quotedAt > at - 60_000);
          const left = boards.at(-1);
          if (leaderChanges) rounds = createRounds({ characters, seed: 'seed', left, lastMinute });
          rounds.bought(new Map([[PIP, net]]));
          boards.push(rounds.next(at));
        }
        const tradable = boards.filter((board) => pip(board).haltedUntil === null);
        return tradable.every((later, n) =>
          tradable
            .slice(0, n)
            .filter(({ quotedAt }) => quotedAt > later.quotedAt - 60_000)
            .every((earlier) => Math.abs(pip(later).last / pip(earlier).last - 1) <= 0.2),
        );
      }),
    );
  });
});
