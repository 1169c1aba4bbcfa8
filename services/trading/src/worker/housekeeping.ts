import type { Database, Statement } from '../database.ts';
import type { Task } from './background.ts';

// In batches, so that no statement runs long; what is left over waits a minute.
const BATCH = 10_000;

const dropIdempotencyKeys: Statement = {
  name: 'drop_idempotency_keys',
  operation: 'delete',
  table: 'idempotency_keys',
  text: `DELETE FROM idempotency_keys WHERE (user_id, key) IN (
           SELECT user_id, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
           ORDER BY created_at LIMIT ${BATCH})`,
};

const dropSessions: Statement = {
  name: 'drop_sessions',
  operation: 'delete',
  table: 'sessions',
  text: `DELETE FROM sessions WHERE token_hash IN (
           SELECT token_hash FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT ${BATCH})`,
};

// Kept far longer than any job is retried.
const dropNotifications: Statement = {
  name: 'drop_notifications',
  operation: 'delete',
  table: 'notifications',
  text: `DELETE FROM notifications WHERE message_id IN (
           SELECT message_id FROM notifications WHERE claimed_until < now() - interval '7 days'
           ORDER BY claimed_until LIMIT ${BATCH})`,
};

// The gateway gives a webhook up long before, and a payment that is settled stays so without them.
const dropWebhooks: Statement = {
  name: 'drop_payment_webhooks',
  operation: 'delete',
  table: 'payment_webhooks',
  text: `DELETE FROM payment_webhooks WHERE event_id IN (
           SELECT event_id FROM payment_webhooks WHERE received_at < now() - interval '7 days'
           ORDER BY received_at LIMIT ${BATCH})`,
};

/** Drops what has outlived its purpose: answered keys after 24 h, sessions that expired, mails and webhooks noted 7 days ago. */
export function housekeepingTask(database: Database): Task {
  return {
    name: 'housekeeping',
    everyMs: 60_000,
    async run() {
      for (const statement of [
        dropIdempotencyKeys,
        dropSessions,
        dropNotifications,
        dropWebhooks,
      ]) {
        await database.query(statement);
      }
    },
  };
}
