import type { Telemetry } from '@crows-nest/telemetry';
import type { Sessions } from '../auth/sessions.ts';
import type { Database, Statement } from '../database.ts';
import { lockCustomer } from '../ledger/accounts.ts';
import type { Task } from '../worker/background.ts';
import { askForCharge } from './charge.ts';
import type { Plan, SubscriptionStatus } from './plan.ts';

const BATCH = 50;

const selectDue: Statement = {
  name: 'select_due_subscriptions',
  operation: 'select',
  table: 'subscriptions',
  text: `SELECT user_id FROM subscriptions WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT ${BATCH}`,
};

const lockDue: Statement = {
  name: 'lock_due_subscription',
  operation: 'select',
  table: 'subscriptions',
  text: 'SELECT status, card FROM subscriptions WHERE user_id = $1 AND due_at <= clock_timestamp() FOR UPDATE',
};

const endCancelled: Statement = {
  name: 'end_cancelled_subscription',
  operation: 'update',
  table: 'subscriptions',
  text: "UPDATE subscriptions SET status = 'ended', due_at = NULL WHERE user_id = $1",
};

export interface RenewalDependencies {
  database: Database;
  sessions: Pick<Sessions, 'changed'>;
  plan: Plan;
  telemetry: Pick<Telemetry, 'logger' | 'audit'>;
}

/** Has the next period of what is due charged, and ends what was cancelled and has run out. */
export function renewalTask({ database, sessions, plan, telemetry }: RenewalDependencies): Task {
  const renew = async (userId: string) => {
    const done = await database.transaction(async (connection) => {
      await lockCustomer(connection, userId);
      // Another worker may have been here before.
      const [due] = await connection.query<{ status: SubscriptionStatus; card: string }>(lockDue, [
        userId,
      ]);
      if (!due) return undefined;
      if (due.status !== 'cancelled') {
        await askForCharge(connection, userId, due.card, plan);
        return 'renew';
      }
      await connection.query(endCancelled, [userId]);
      return 'end';
    });
    if (!done) return;
    const target = `user:${userId}`;
    telemetry.audit({
      action: `subscription.${done}`,
      outcome: 'success',
      actor: 'worker',
      target,
    });
    if (done === 'end') await sessions.changed(userId);
  };

  return {
    name: 'subscriptions',
    everyMs: 1000,
    async run() {
      for (const { user_id: userId } of await database.query<{ user_id: string }>(selectDue)) {
        await renew(userId).catch((error: unknown) => {
          telemetry.logger.warn('A subscription is not renewed yet', { userId, error });
        });
      }
    },
  };
}
