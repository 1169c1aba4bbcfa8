// Traffic: what is done over and over again for as long as a drill lasts.

import { setTimeout as sleep } from 'node:timers/promises';

import type { Way } from './drill.ts';

/**
 * Does something again and again, one after the other, until it is healed. What becomes of each is not looked at: an attacker is
 * refused, and any request may fail while something is broken.
 */
export function again(everyMs: number, act: () => Promise<unknown>): Way {
  let stop = new AbortController();
  let going = Promise.resolve();
  async function go({ signal }: AbortController): Promise<void> {
    while (!signal.aborted) {
      await act().catch(() => undefined);
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
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
