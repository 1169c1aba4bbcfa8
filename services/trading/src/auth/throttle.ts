import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Problem } from '../problem.ts';

const WINDOW_SECONDS = 15 * 60;
const LOCK_SECONDS = 15 * 60;
const FAILURES_PER_ACCOUNT = 10;
// Higher, because one address may be a whole office.
const FAILURES_PER_ADDRESS = 50;

export interface LoginThrottle {
  /** What to answer (429) while this account is locked or this address is held up; undefined when it may try. */
  refusal(username: string, address: string): Promise<Problem | undefined>;
  /** Counts a failure. @returns whether it was the one that locked the account */
  failed(username: string, address: string): Promise<boolean>;
  succeeded(username: string): Promise<void>;
}

/**
 * Counts failed logins in Redis. The tenth of an account within 15 minutes locks it for 15 minutes: ten on its counter are the
 * lock, and the time that the counter has left is the lock's. An account is the name that was typed, whether anybody has
 * it or not. Without Redis nobody is held up: logging in matters more, and argon2 slows guessing.
 */
export function createLoginThrottle(redis: Redis): LoginThrottle {
  /** Milliseconds that the key's counter lasts, once it has reached the limit; else 0. */
  const heldUpMs = async (key: string, limit: number) => {
    const [count, left] = await Promise.all([redis.get(key), redis.pttl(key)]);
    return Number(count) >= limit ? Math.max(left, 0) : 0;
  };

  return {
    async refusal(username, address) {
      const [accountMs, addressMs] = await Promise.all([
        heldUpMs(accountKey(username), FAILURES_PER_ACCOUNT),
        heldUpMs(addressKey(address), FAILURES_PER_ADDRESS),
      ]).catch(() => [0, 0] as const);
      if (addressMs > accountMs) return tooManyFailures(addressMs);
      return accountMs > 0 ? accountLocked(accountMs) : undefined;
    },

    async failed(username, address) {
      const account = accountKey(username);
      const counting = redis.multi();
      for (const key of [account, addressKey(address)]) {
        // NX: the window starts with the first failure, so that it ends.
        counting.incr(key).expire(key, WINDOW_SECONDS, 'NX');
      }
      const [counted] = (await counting.exec().catch(() => null)) ?? [];
      // One caller only gets the tenth, however many fail at once.
      if (counted?.[1] !== FAILURES_PER_ACCOUNT) return false;
      await redis.expire(account, LOCK_SECONDS).catch(() => null);
      return true;
    },

    async succeeded(username) {
      await redis.del(accountKey(username)).catch(() => null);
    },
  };
}

function accountLocked(leftMs: number): Problem {
  return heldUp(leftMs, {
    code: 'account-locked',
    title: 'Account locked',
    reason: 'Too many logins failed for this account, so it is locked for a while.',
  });
}

function tooManyFailures(leftMs: number): Problem {
  return heldUp(leftMs, {
    code: 'too-many-failed-logins',
    title: 'Too many failed logins',
    reason: 'Too many logins failed from this address.',
  });
}

function heldUp(leftMs: number, why: { code: string; title: string; reason: string }): Problem {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  return new Problem({
    status: 429,
    code: why.code,
    title: why.title,
    detail: `${why.reason} Try again in ${seconds} seconds.`,
    headers: { 'Retry-After': String(seconds) },
  });
}

// Hashed, because a username in a login form is free text, and now and then a password typed into the wrong field.
function accountKey(username: string): string {
  const hash = createHash('sha256').update(username.toLowerCase()).digest('base64url');
  return `login-failures:account:${hash}`;
}

function addressKey(address: string): string {
  return `login-failures:address:${address}`;
}
