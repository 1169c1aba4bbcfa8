import type { Telemetry } from '@crows-nest/telemetry';
import type { Credentials } from '../auth/credentials.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import type { Database, Statement } from '../database.ts';
import { lockCustomer } from '../ledger/accounts.ts';
import type { Orders } from '../orders/orders.ts';
import { countPending } from '../payments/pending.ts';
import { Problem } from '../problem.ts';

export interface Erasure {
  /**
   * Erases what is personal of a customer, for good: name, address and password, sessions, activity, kept answers, and who gave
   * a rating, cards. Open orders are cancelled and the subscription ends. Trades, payments and the ledger stay, of a customer
   * without a name; the username is free again. All or nothing; whoever is erased already stays so.
   *
   * @throws {Problem} 403 when the password is wrong, 429 when it was wrong too often, 409 while payments are pending
   */
  erase(session: Session, confirmation: { password: string; address: string }): Promise<void>;
}

const findErased: Statement = {
  name: 'find_erased',
  operation: 'select',
  table: 'users',
  text: 'SELECT id FROM users WHERE id = $1 AND erased_at IS NOT NULL',
};

// Whatever would leave something personal waits for this lock, and is then refused: migrations/008_customers.sql.
const lockUser: Statement = {
  name: 'lock_user_for_erasure',
  operation: 'select',
  table: 'users',
  text: 'SELECT erased_at FROM users WHERE id = $1 FOR UPDATE',
};

/** Rows that one statement changes at most, so that none takes too long; it is repeated while there are more. */
const BATCH = 5000;

/** What is done with each table that holds something personal of the customer $1. */
const STEPS: Statement[] = [
  {
    name: 'erase_activity',
    operation: 'delete',
    table: 'user_activity',
    text: 'DELETE FROM user_activity WHERE user_id = $1 RETURNING 1',
  },
  {
    name: 'erase_kept_answers',
    operation: 'delete',
    table: 'idempotency_keys',
    text: `DELETE FROM idempotency_keys WHERE user_id = $1 AND key IN (
             SELECT key FROM idempotency_keys WHERE user_id = $1 LIMIT ${BATCH}) RETURNING 1`,
  },
  {
    name: 'erase_rater',
    operation: 'update',
    table: 'ratings',
    text: 'UPDATE ratings SET user_id = NULL WHERE user_id = $1 RETURNING 1',
  },
  {
    name: 'erase_subscription',
    operation: 'update',
    table: 'subscriptions',
    text: "UPDATE subscriptions SET status = 'ended', card = 'erased', due_at = NULL WHERE user_id = $1 RETURNING 1",
  },
  {
    name: 'erase_cards',
    operation: 'update',
    table: 'payments',
    text: `UPDATE payments SET card = 'erased' WHERE id IN (
             SELECT id FROM payments WHERE user_id = $1 AND card <> 'erased' LIMIT ${BATCH}) RETURNING 1`,
  },
  {
    name: 'erase_user',
    operation: 'update',
    table: 'users',
    text: `UPDATE users SET username = 'erased-' || id, email = 'erased-' || id, password_hash = 'erased', erased_at = now()
           WHERE id = $1 RETURNING 1`,
  },
];

export interface ErasureDependencies {
  database: Database;
  credentials: Credentials;
  sessions: Sessions;
  orders: Pick<Orders, 'cancelAll'>;
  telemetry: Pick<Telemetry, 'logger' | 'audit'>;
}

export function createErasure({
  database,
  credentials,
  sessions,
  orders,
  telemetry,
}: ErasureDependencies): Erasure {
  return {
    async erase({ user }, confirmation) {
      const action = 'customer.erase';
      const event = { action, actor: user.id, address: confirmation.address };
      const attempt = { username: user.username, ...confirmation };
      const confirmed = await credentials.check(action, attempt);
      if (confirmed?.id !== user.id) {
        // Of two requests at once the later may find no such username any more.
        const erased = await database.query(findErased, [user.id]);
        if (erased.length > 0) return;
        throw wrongPassword();
      }
      const afterwards = await database.transaction(async (connection) => {
        await lockCustomer(connection, user.id);
        const [row] = await connection.query<{ erased_at: Date | null }>(lockUser, [user.id]);
        if (row?.erased_at) return undefined;
        if ((await countPending(connection, user.id)) > 0) {
          telemetry.audit({ ...event, outcome: 'failure', reason: 'payments-pending' });
          throw paymentsPending();
        }
        const countCancelled = await orders.cancelAll(connection, user.id);
        const tellClosed = await sessions.closeAll(connection, user.id);
        for (const step of STEPS) {
          while ((await connection.query(step, [user.id])).length === BATCH);
        }
        return { countCancelled, tellClosed };
      });
      if (!afterwards) return;
      afterwards.countCancelled();
      await afterwards.tellClosed();
      telemetry.logger.info('Customer erased');
      telemetry.audit({ ...event, outcome: 'success' });
    },
  };
}

function paymentsPending(): Problem {
  return new Problem({
    status: 409,
    code: 'payments-pending',
    title: 'Payments are pending',
    detail:
      'A payment is not settled yet, so nothing was erased. GET /api/payments shows it; ask again when it is settled.',
  });
}

function wrongPassword(): Problem {
  return new Problem({
    status: 403,
    code: 'wrong-password',
    title: 'Wrong password',
    detail: 'The password is wrong, so nothing was erased. Send the one that you log in with.',
    errors: [{ field: 'password', message: 'is wrong' }],
  });
}
