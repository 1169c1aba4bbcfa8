import type { Queryable, Statement } from '../database.ts';
import { askForPayment } from '../payments/ask.ts';
import { RETRIES, RETRY_AFTER, type Plan } from './plan.ts';

const awaitCharge: Statement = {
  name: 'await_subscription_charge',
  operation: 'update',
  table: 'subscriptions',
  text: 'UPDATE subscriptions SET due_at = NULL WHERE user_id = $1',
};

// The next period follows on the one before where service went on, and begins now where it did not. What was cancelled while
// its charge was under way has been paid for, and runs out its period.
const notePaid: Statement = {
  name: 'note_subscription_paid',
  operation: 'update',
  table: 'subscriptions',
  text: `UPDATE subscriptions s SET attempts = 0, current_period_end = period.ends_at, due_at = period.ends_at,
           status = CASE WHEN s.status IN ('cancelled', 'ended') THEN 'cancelled' ELSE 'active' END
         FROM (SELECT user_id, CASE WHEN status IN ('active', 'cancelled') THEN current_period_end ELSE clock_timestamp() END
             + make_interval(secs => $2) AS ends_at
           FROM subscriptions WHERE user_id = $1) period
         WHERE s.user_id = period.user_id`,
};

const noteDeclined: Statement = {
  name: 'note_subscription_declined',
  operation: 'update',
  table: 'subscriptions',
  text: `UPDATE subscriptions s SET attempts = s.attempts + 1, status = next.status,
           due_at = CASE next.status WHEN 'past_due' THEN clock_timestamp() + make_interval(secs => $2 * ${RETRY_AFTER} * 2 ^ s.attempts) END
         FROM (SELECT user_id, CASE WHEN status IN ('cancelled', 'ended') OR attempts >= ${RETRIES} THEN 'ended' ELSE 'past_due' END
             AS status
           FROM subscriptions WHERE user_id = $1) next
         WHERE s.user_id = next.user_id`,
};

/** Has the next period charged, in the transaction of `connection`, which holds the customer's lock. */
export async function askForCharge(
  connection: Queryable,
  userId: string,
  card: string,
  plan: Plan,
): Promise<void> {
  await askForPayment(connection, { userId, kind: 'subscription', amount: plan.price, card });
  await connection.query(awaitCharge, [userId]);
}

/** What follows from a charge that was paid or declined, in the transaction that settles it. */
export async function noteCharge(
  connection: Queryable,
  userId: string,
  paid: boolean,
  { periodSeconds }: Plan,
): Promise<void> {
  await connection.query(paid ? notePaid : noteDeclined, [userId, periodSeconds]);
}
