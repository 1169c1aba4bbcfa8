import { hash, verify } from '@node-rs/argon2';
import type { Telemetry } from '@crows-nest/telemetry';
import { createTurns } from './turns.ts';

// OWASP's second recommended setting for argon2id: 19 MiB, 2 passes, 1 lane
// (argon2id is the library's default; https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

// Hashing takes a core for tens of milliseconds and runs on libuv's 4 threads. What waits is bounded, so that a rush of
// logins is told to come back instead of growing a queue behind which everybody waits.
const AT_ONCE = 4;
const WAITING = 100;

export interface Passwords {
  /** @throws {Problem} 503 while too many wait */
  hash(password: string): Promise<string>;
  /**
   * Whether the password fits. For an unknown user (`passwordHash` undefined) the same work is done on a hash that fits
   * nothing, so that the time taken tells nobody who has an account.
   *
   * @throws {Problem} 503 while too many wait
   */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
}

export async function createPasswords(telemetry: Pick<Telemetry, 'span'>): Promise<Passwords> {
  const decoy = await hash(crypto.randomUUID(), ARGON2ID);
  const inTurn = createTurns(AT_ONCE, WAITING);
  return {
    hash: (password) =>
      telemetry.span('auth.hash_password', {}, () => inTurn(() => hash(password, ARGON2ID))),
    verify: (passwordHash, password) =>
      telemetry.span('auth.verify_password', {}, async () => {
        const fits = await inTurn(() => verify(passwordHash ?? decoy, password));
        return fits && passwordHash !== undefined;
      }),
  };
}
