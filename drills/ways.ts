// Ways to break something, put together from others.

import { setTimeout as sleep } from 'node:timers/promises';

import type { Way } from './drill.ts';

/** All of them, in this order; healed in the opposite one, each whatever becomes of the others. */
export function together(...ways: Way[]): Way {
  return {
    async break() {
      for (const way of ways) await way.break();
    },
    async heal() {
      const errors: unknown[] = [];
      for (const way of ways.toReversed()) {
        try {
          await way.heal();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}

/**
 * Does something again and again, one after the other, until it is healed. What becomes of each is not looked at: an attacker is
 * refused, and any request may fail while something is broken.
 *
 * @param firstAfterMs at once, unless it has just been done
 */
export function again(everyMs: number, act: () => Promise<unknown>, firstAfterMs = 0): Way {
  let stop = new AbortController();
  let going = Promise.resolve();
  async function go({ signal }: AbortController): Promise<void> {
    const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
    await pause(firstAfterMs);
    while (!signal.aborted) {
      await act().catch(() => undefined);
      await pause(everyMs);
    }
  }
  return {
    break() {
      stop = new AbortController();
      going = go(stop);
      return Promise.resolve();
    },
    async heal() {
      stop.abort();
      await going;
    },
  };
}
