import type { Cents } from '../money.ts';

/** A price that moves by more than this within the window is not traded on. */
const LARGEST_MOVE = 0.2;
const WINDOW_MS = 60_000;
/** How long trading then stops. Not shorter than the window, so that after a halt no price from before it counts. */
export const HALT_MS = 60_000;

/** How far back a breaker needs to know the prices. */
export const BREAKER_MEMORY_MS = WINDOW_MS;

/** A price that could be traded on, and when: milliseconds since 1970. */
export interface PastPrice {
  last: Cents;
  at: number;
}

/** A character's circuit breaker: halts trading for a minute when the price moves by more than 20 % within a minute. */
export interface Breaker {
  /** Until when (milliseconds since 1970) nothing is traded; null when trading goes on at `at`. */
  haltedUntil(at: number): number | null;
  /** Looks at a new price. @returns until when nothing is traded because of it; null when it can be traded on */
  check(last: Cents, at: number): number | null;
}

/**
 * A new price is held against every price of the last minute that could be traded on, so no two of those are ever more than
 * 20 % of the earlier one apart.
 *
 * @param past prices of the last minute, oldest first
 * @param halted until when trading is halted already
 */
export function createBreaker(past: PastPrice[] = [], halted: number | null = null): Breaker {
  const window = [...past];
  let until = halted;

  return {
    haltedUntil(at) {
      if (until !== null && at >= until) until = null;
      return until;
    },
    check(last, at) {
      while (window[0] && window[0].at <= at - WINDOW_MS) window.shift();
      const tooFar = window.some((before) => Math.abs(last / before.last - 1) > LARGEST_MOVE);
      if (tooFar) until = at + HALT_MS;
      else window.push({ last, at });
      return until;
    },
  };
}
