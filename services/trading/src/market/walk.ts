import { createHash } from 'node:crypto';
import type { Character } from '../characters/characters.ts';
import { cents, type Cents } from '../money.ts';
import type { Quote } from '../quotes/quote.ts';

/** Quotes per second. */
export const TICKS_PER_SECOND = 4;

const TICK_HOURS = 1 / TICKS_PER_SECOND / 3600;
/** How much of its distance from the start price a price loses in an hour, were it not for chance. */
const REVERSION_PER_HOUR = 1;
/** Bid to ask when nothing moves, as a part of the price. */
const CALM_SPREAD = 0.001;
/** How far the spread widens with the mean size of recent moves. */
const SPREAD_PER_MOVE = 2;
/** Weight of the newest move in that mean: it looks back about 25 ticks. */
const MOVE_WEIGHT = 0.04;

export interface Walk {
  /** The quote one tick later. */
  next(): Quote;
}

/**
 * A character's price: an Ornstein-Uhlenbeck process in the logarithm (so it is never 0 or less, and moves by parts of
 * itself), x ← x − κ·x·dt + σ·√dt·ε with x = ln(price / startPrice), κ the reversion, σ the volatility, ε standard
 * normal (https://en.wikipedia.org/wiki/Ornstein-Uhlenbeck_process). The same seed and starting price give the same quotes.
 *
 * @param last where to go on from
 */
export function createWalk(character: Character, last: Cents, seed: string): Walk {
  const { id, startPrice, volatility } = character;
  const normal = createNormal(`${seed}/${id}`);
  let x = Math.log(last / startPrice);
  let meanMove = 0;

  return {
    next() {
      const step =
        -REVERSION_PER_HOUR * x * TICK_HOURS + volatility * Math.sqrt(TICK_HOURS) * normal();
      x += step;
      meanMove += MOVE_WEIGHT * (Math.abs(step) - meanMove);
      const exact = startPrice * Math.exp(x);
      const halfSpread = Math.max(
        1,
        Math.round((exact * (CALM_SPREAD + SPREAD_PER_MOVE * meanMove)) / 2),
      );
      // At least 2 cents, so that there is room for a bid below.
      const price = Math.max(2, Math.round(exact));
      const bid = Math.max(1, price - halfSpread);
      return {
        characterId: id,
        bid: cents(bid),
        ask: cents(price + halfSpread),
        last: cents(price),
      };
    },
  };
}

/** Standard normal numbers by the Box-Muller transform. */
function createNormal(seed: string): () => number {
  const uniform = createUniform(seed);
  // 1 − u is never 0, whose logarithm there is not.
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Numbers in [0, 1) by mulberry32: 32 bits of state, seeded by the SHA-256 of the seed. Not for secrets. */
function createUniform(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
