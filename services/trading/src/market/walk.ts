import type { Character } from '../characters/characters.ts';
import { cents, type Cents } from '../money.ts';
import type { Quote } from '../quotes/quote.ts';
import { createNoise } from './noise.ts';

/** Quotes per second. */
export const TICKS_PER_SECOND = 4;

const TICK_HOURS = 1 / TICKS_PER_SECOND / 3600;
/** How much of its distance from the start price a price loses in an hour, were it not for chance. */
export const REVERSION_PER_HOUR = 1;
/** Bid to ask when nothing moves, as a part of the price. */
const CALM_SPREAD = 0.001;
/** How far the spread widens with the mean size of recent moves. */
const SPREAD_PER_MOVE = 2;
/** Weight of the newest move in that mean: it looks back about 25 ticks. */
const MOVE_WEIGHT = 0.04;
/**
 * Cents' worth of a character that are taken to change hands in a day. At 5 million berries, all of a new customer's money
 * moves the wildest character by 0.14 %, less than the spread and two commissions take: buying to lift the price and selling
 * into it does not pay. (It would for somebody with several times that money; a dealer with real money quotes by size.)
 */
const DAILY_VOLUME = cents(500_000_000);
/** A price stays between a tenth and ten times the start price, whatever is bought or sold. */
const FARTHEST = Math.log(10);

export type Price = Pick<Quote, 'bid' | 'ask' | 'last'>;

export interface Walk {
  /** The price in this round, one tick after the one before. */
  next(round: number): Price;
  /** Tells what customers bought, less what they sold, in shares: the next price moves by it. */
  bought(net: number): void;
}

/**
 * A character's price: an Ornstein-Uhlenbeck process in the logarithm (so it is never 0 or less, and moves by parts of
 * itself), x ← x − κ·x·dt + σ·√dt·ε + I with x = ln(price / startPrice), κ the reversion, σ the volatility, ε standard
 * normal (https://en.wikipedia.org/wiki/Ornstein-Uhlenbeck_process). The same seed, starting price and rounds give the same
 * prices.
 *
 * I is the impact of customers' net buying of Q shares: I = σ·√24 · Q / V, so that buying a day's volume V
 * (DAILY_VOLUME / startPrice shares) lifts the price by its standard deviation over a day. It is linear, as in Kyle,
 * Continuous Auctions and Insider Trading (Econometrica 53, 1985): then it does not matter in how many parts, or in which
 * order, trades are counted, and buying and selling again leaves no trace. As a part of x, it decays with the reversion.
 *
 * @param last where to go on from
 */
export function createWalk(character: Character, last: Cents, seed: string): Walk {
  const { id, startPrice, volatility } = character;
  const noise = createNoise(`${seed}/${id}`);
  const impactPerShare = (volatility * Math.sqrt(24) * startPrice) / DAILY_VOLUME;
  const volatilityPerTick = volatility * Math.sqrt(TICK_HOURS);
  let x = Math.log(last / startPrice);
  let pushed = 0;
  // As if it had always walked: E|σ·√dt·ε|.
  let meanMove = volatilityPerTick * Math.sqrt(2 / Math.PI);

  return {
    next(round) {
      const step = -REVERSION_PER_HOUR * x * TICK_HOURS + volatilityPerTick * noise(round) + pushed;
      pushed = 0;
      const from = x;
      x = Math.min(FARTHEST, Math.max(-FARTHEST, x + step));
      meanMove += MOVE_WEIGHT * (Math.abs(x - from) - meanMove);
      const exact = startPrice * Math.exp(x);
      const halfSpread = Math.max(
        1,
        Math.round((exact * (CALM_SPREAD + SPREAD_PER_MOVE * meanMove)) / 2),
      );
      // At least 2 cents, so that there is room for a bid below.
      const price = Math.max(2, Math.round(exact));
      const bid = Math.max(1, price - halfSpread);
      return { bid: cents(bid), ask: cents(price + halfSpread), last: cents(price) };
    },
    bought(net) {
      pushed += impactPerShare * net;
    },
  };
}
