// Hostile traffic, from one address.

import { randomUUID } from 'node:crypto';

import { call } from '../tests/customer.ts';
import type { Way } from './drill.ts';
import { redis } from './redis.ts';
import { again, together } from './ways.ts';

/** Names whose failed logins are counted by address: services/trading/src/auth/throttle.ts. */
const counters = 'login-failures:address:*';

/**
 * Passwords are guessed. The address is this machine's, which is held up after fifty of them: that is forgotten in the end, so that
 * people can log in again.
 *
 * @param names of accounts, over and over again; none: another one each time
 */
export function guessPasswords(names = 0): Way {
  const accounts = Array.from({ length: names }, () => `drill-${randomUUID().slice(0, 8)}`);
  let tries = 0;
  return together(
    {
      break: () => Promise.resolve(),
      async heal() {
        const keys = await redis('--scan', '--pattern', counters);
        if (keys !== '') await redis('DEL', ...keys.split('\n'));
      },
    },
    again(50, () => {
      tries += 1;
      const username = accounts[tries % names] ?? `drill-${randomUUID().slice(0, 8)}`;
      return call('POST', '/auth/login', { body: { username, password: 'captain' } });
    }),
  );
}
