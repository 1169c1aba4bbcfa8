import type { Logger } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';

const FLUSH_MS = 5000;
const ONCE_PER_MS = 60_000;
const AT_MOST = 50_000;

// Sorted, so that two replicas that saw the same people lock the rows in the same order. The users' rows are locked against
// their erasure, so that nobody who is erased is seen again.
const touchUsers: Statement = {
  name: 'touch_users',
  operation: 'insert',
  table: 'user_activity',
  text: `INSERT INTO user_activity (user_id, seen_at)
         SELECT id, now() FROM users WHERE id = ANY ($1::uuid[]) AND erased_at IS NULL ORDER BY id FOR KEY SHARE
         ON CONFLICT (user_id) DO UPDATE SET seen_at = excluded.seen_at`,
};

export interface Activity {
  /** Notes that a user was here. Costs no request a round trip. */
  seen(userId: string): void;
  close(): Promise<void>;
}

/**
 * Writes down who was here, at most once a minute each, in one statement every 5 seconds. `active_users` counts from it
 * across all replicas. When Postgres is away a round is lost, which the next minute makes good.
 */
export function createActivity(database: Database, logger: Logger): Activity {
  const recent = new Map<string, number>();
  let pending: string[] = [];

  const flush = async () => {
    const old = Date.now() - ONCE_PER_MS;
    for (const [userId, at] of recent) if (at < old) recent.delete(userId);
    if (pending.length === 0) return;
    const ids = pending;
    pending = [];
    await database.query(touchUsers, [ids]).catch((error: unknown) => {
      logger.warn('Activity of users not written', { users: ids.length, error });
    });
  };
  const timer = setInterval(() => void flush(), FLUSH_MS);

  return {
    seen(userId) {
      if (recent.has(userId) || recent.size >= AT_MOST) return;
      recent.set(userId, Date.now());
      pending.push(userId);
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
