// Hostile traffic, from one address.

import { randomUUID } from 'node:crypto';

import { call } from '../tests/customer.ts';
import type { Way } from './drill.ts';
import { redis } from './redis.ts';
import { again, together } from './ways.ts';

/** Names whose failed logins are counted by address: services/trading/src/auth/throttle.ts. */
const counters = 'login-failures:address:*';

/** How many have failed of late, by the counter of each address. */
async function failures(): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  const keys = await redis('--scan', '--pattern', counters);
  for (const key of keys.split('\n').filter((name) => name !== '')) {
    const count = await redis('GET', key);
    if (count !== '') counts.set(key, count);
  }
  return counts;
}

/**
 * Passwords are guessed. The address is this machine's, which is held up after fifty of them: that is forgotten in the end, so that
 * people can log in again. Addresses that had failed before are as far as they were.
 *
 * @param names of accounts, over and over again; none: another one each time
 */
export function guessPasswords(names = 0): Way {
  const accounts = Array.from({ length: names }, () => `drill-${randomUUID().slice(0, 8)}`);
  let tries = 0;
  let before: Map<string, string> | undefined;
  return together(
    {
      break: async () => (before = await failures()),
      async heal() {
        if (before === undefined) return;
        for (const key of (await failures()).keys()) {
          const count = before.get(key);
          if (count === undefined) await redis('DEL', key);
          else await redis('SET', key, count, 'XX', 'KEEPTTL');
        }
        before = undefined;
      },
    },
    again(50, () => {
      tries += 1;
      const username = accounts[tries % names] ?? `drill-${randomUUID().slice(0, 8)}`;
      return call('POST', '/auth/login', { body: { username, password: 'captain' } });
    }),
  );
}
