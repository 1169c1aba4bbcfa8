import { randomUUID } from 'node:crypto';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { enqueue } from '../jobs/outbox.ts';
import type { SecurityEvents } from '../security/events.ts';
import type { Passwords } from './passwords.ts';
import type { User } from './sessions.ts';
import type { LoginThrottle } from './throttle.ts';

export interface Attempt {
  username: string;
  password: string;
  /** Where the attempt comes from. */
  address: string;
}

export interface Credentials {
  /**
   * Whose username and password these are; undefined when they fit nobody, which is counted. Takes as long, and answers the
   * same, whether there is such a username or not. Failures are in the audit stream, without the name that was typed where
   * nobody has it: it may be a password.
   *
   * @param action what the password is asked for, as the audit stream calls it
   * @throws {Problem} 429 when the account is locked or the address has failed too often
   */
  check(action: string, attempt: Attempt): Promise<User | undefined>;
}

/** Letters, digits, `_` and `-`: what can stand in a URL, a log line and a mail without being escaped. */
export const USERNAME_PATTERN = /^[A-Za-z0-9_-]{3,32}$/;

const findByUsername: Statement = {
  name: 'find_user_by_username',
  operation: 'select',
  table: 'users',
  text: `SELECT id, username, email, has_realtime(id) AS realtime, password_hash FROM users
         WHERE lower(username) = lower($1)`,
};

export interface CredentialsDependencies {
  database: Database;
  passwords: Passwords;
  throttle: LoginThrottle;
  events: SecurityEvents;
  telemetry: Pick<Telemetry, 'audit'>;
}

export function createCredentials({
  database,
  passwords,
  throttle,
  events,
  telemetry,
}: CredentialsDependencies): Credentials {
  return {
    async check(action, { username, password, address }) {
      const fail = (reason: string, actor?: string) => {
        telemetry.audit({ action, outcome: 'failure', actor, address, reason });
      };
      const refuseIfThrottled = async (actor?: string) => {
        const refusal = await throttle.refusal(username, address);
        if (!refusal) return;
        events.note('rate_limited', address);
        fail(refusal.code, actor);
        throw refusal;
      };

      await refuseIfThrottled();
      // What cannot be a username is not looked up, but takes as long as what could.
      const [found] = USERNAME_PATTERN.test(username)
        ? await database.query<User & { password_hash: string }>(findByUsername, [username])
        : [];
      const fits = await passwords.verify(found?.password_hash, password);
      if (!found || !fits) {
        fail(found ? 'wrong-password' : 'unknown-user', found?.id);
        if (await throttle.failed(username, address)) {
          events.note('account_locked', address, found ? { userId: found.id } : {});
          if (found) {
            const target = `user:${found.id}`;
            const reason = 'too-many-failed-logins';
            telemetry.audit({ action: 'auth.lock', outcome: 'success', address, target, reason });
            const payload = { userId: found.id, lockId: randomUUID() };
            await enqueue(database, 'account-locked', payload);
          }
        }
        return undefined;
      }
      // Again: of many guesses at once, none that is right may come through after ten that were wrong.
      await refuseIfThrottled(found.id);
      await throttle.succeeded(username);
      const { id, username: name, email, realtime } = found;
      return { id, username: name, email, realtime };
    },
  };
}
