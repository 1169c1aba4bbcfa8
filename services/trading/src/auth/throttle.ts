import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Problem } from '../problem.ts';

const WINDOW_SECONDS = 15 * 60;
const FAILURES_PER_ACCOUNT = 10;
// Higher, because one address may be a whole office.
const FAILURES_PER_ADDRESS = 50;

export interface LoginThrottle {
  /** @throws {Problem} 429 when this account or this address has failed too often in the last 15 minutes */
  check(username: string, address: string): Promise<void>;
  failed(username: string, address: string): Promise<void>;
  succeeded(username: string): Promise<void>;
}

/** Counts failed logins in Redis. Without Redis nobody is held up: logging in matters more, and argon2 slows guessing. */
export function createLoginThrottle(redis: Redis): LoginThrottle {
  return {
    async check(username, address) {
      const counts = await redis
        .mget(accountKey(username), addressKey(address))
        .catch(() => [null, null]);
      const [account, fromAddress] = counts.map(Number);
      if ((account ?? 0) >= FAILURES_PER_ACCOUNT || (fromAddress ?? 0) >= FAILURES_PER_ADDRESS) {
        throw new Problem({
          status: 429,
          code: 'too-many-failed-logins',
          title: 'Too many failed logins',
          detail:
            'Too many logins failed for this account or from this address. Try again in 15 minutes.',
          headers: { 'Retry-After': String(WINDOW_SECONDS) },
        });
      }
    },

    async failed(username, address) {
      const counting = redis.multi();
      for (const key of [accountKey(username), addressKey(address)]) {
        // NX: the window starts with the first failure, so that it ends.
        counting.incr(key).expire(key, WINDOW_SECONDS, 'NX');
      }
      await counting.exec().catch(() => null);
    },

    async succeeded(username) {
      await redis.del(accountKey(username)).catch(() => null);
    },
  };
}

// Hashed, because a username in a login form is free text, and now and then a password typed into the wrong field.
function accountKey(username: string): string {
  const hash = createHash('sha256').update(username.toLowerCase()).digest('base64url');
  return `login-failures:account:${hash}`;
}

function addressKey(address: string): string {
  return `login-failures:address:${address}`;
}
