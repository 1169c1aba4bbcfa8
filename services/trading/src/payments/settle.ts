import type { Telemetry } from '@crows-nest/telemetry';
import type { Sessions } from '../auth/sessions.ts';
import type { Database, Queryable, Statement } from '../database.ts';
import { lockCustomer } from '../ledger/accounts.ts';
import type { PaymentMetrics } from '../metrics/payments.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import type { Plan } from '../subscriptions/plan.ts';
import { noteCharge } from '../subscriptions/charge.ts';
import type { Outcome } from './gateway.ts';
import { PAYMENT_COLUMNS, toPayment, type Payment, type PaymentRow } from './payment.ts';

/**
 * What became of an outcome: `settled` now; `settled_before`, and nothing happened; `duplicate`, the event has worked before;
 * `unknown`, there is no such payment; `mismatch`, it is of another amount than was asked for, and nothing happened.
 */
export type Settling = 'settled' | 'settled_before' | 'duplicate' | 'unknown' | 'mismatch';

/** The webhook that brings an outcome. */
export interface Event {
  id: string;
  type: string;
}

/** Says what came of a payment; whoever comes first, webhook or sweep, settles it. */
export type Settle = (
  reference: string,
  outcome: Outcome & { status: 'succeeded' | 'failed' },
  event?: Event,
) => Promise<Settling>;

const findPayment: Statement = {
  name: 'find_payment_by_reference',
  operation: 'select',
  table: 'payments',
  text: `SELECT ${PAYMENT_COLUMNS} FROM payments WHERE reference = $1`,
};

const noteEvent: Statement = {
  name: 'note_payment_webhook',
  operation: 'insert',
  table: 'payment_webhooks',
  text: `INSERT INTO payment_webhooks (event_id, type, payment_id) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING event_id`,
};

// Moves the money, too: the trigger payments_move_money.
const settlePayment: Statement = {
  name: 'settle_payment',
  operation: 'update',
  table: 'payments',
  text: `UPDATE payments SET status = $2, charge_id = $3, reason = $4 WHERE id = $1 AND status = 'pending' RETURNING id`,
};

// The payment stays pending, so that the sweep hears of the same charge each time it asks: it is told of when it was not noted yet.
const noteMismatch: Statement = {
  name: 'note_payment_mismatch',
  operation: 'update',
  table: 'payments',
  text: `UPDATE payments SET charge_id = $2 WHERE id = $1 AND status = 'pending' AND charge_id IS DISTINCT FROM $2 RETURNING id`,
};

/** Those that are told apart in metrics; a label must not hold whatever the gateway may say one day. */
const KNOWN_REASONS = new Set(['insufficient_funds', 'expired_card', 'card_unknown']);

export interface SettleDependencies {
  database: Database;
  sessions: Pick<Sessions, 'changed'>;
  plan: Plan;
  telemetry: Pick<Telemetry, 'span' | 'logger' | 'audit'>;
  metrics: PaymentMetrics & Pick<ApiMetrics, 'revenue' | 'ledgerEntries'>;
}

/**
 * Settles payments, each once, in one transaction with what follows from it: the transfer, and for a charge of the real-time
 * plan the plan's next period or next attempt.
 */
export function createSettle(dependencies: SettleDependencies): Settle {
  const { database, sessions, plan, telemetry, metrics } = dependencies;

  const settle = async (
    connection: Queryable,
    payment: Payment,
    outcome: Parameters<Settle>[1],
    event: Event | undefined,
  ): Promise<Settling> => {
    await lockCustomer(connection, payment.userId);
    if (event) {
      const [noted] = await connection.query<{ event_id: string }>(noteEvent, [
        event.id,
        event.type,
        payment.id,
      ]);
      if (!noted) return 'duplicate';
    }
    if (outcome.amount !== payment.amount) return 'mismatch';
    const { status, chargeId, reason } = outcome;
    const [settled] = await connection.query<{ id: number }>(settlePayment, [
      payment.id,
      status,
      chargeId,
      reason,
    ]);
    if (!settled) return 'settled_before';
    if (payment.kind === 'subscription') {
      await noteCharge(connection, payment.userId, status === 'succeeded', plan);
    }
    return 'settled';
  };

  const tell = (payment: Payment, { status, reason }: Outcome) => {
    const { kind, amount } = payment;
    metrics.payments.inc({ kind, status, gateway: 'cards' });
    if (status === 'succeeded' || kind === 'withdrawal') metrics.ledgerEntries.inc(2);
    if (status === 'succeeded') {
      metrics.paymentValue.inc({ kind }, amount);
      metrics.paymentDuration.observe({ kind }, (Date.now() - payment.createdAt.getTime()) / 1000);
      if (kind === 'subscription') metrics.revenue.inc({ source: 'subscription' }, amount);
    } else {
      metrics.paymentFailures.inc({
        reason: reason !== null && KNOWN_REASONS.has(reason) ? reason : 'other',
      });
      if (kind === 'subscription') metrics.subscriptionFailures.inc();
    }
    telemetry.logger.info('Payment settled', {
      paymentId: payment.id,
      kind,
      amount,
      status,
      reason,
    });
    telemetry.audit({
      ...auditOf(payment),
      outcome: status === 'succeeded' ? 'success' : 'failure',
      reason: reason ?? undefined,
    });
  };

  const tellMismatch = async (
    payment: Payment,
    { chargeId, amount }: Outcome,
    event: Event | undefined,
  ) => {
    const [noted] = await database.query<{ id: number }>(noteMismatch, [payment.id, chargeId]);
    if (!noted && !event) return;
    telemetry.logger.error('The gateway tells of another amount than was asked for', {
      paymentId: payment.id,
      asked: payment.amount,
      told: amount,
    });
    telemetry.audit({ ...auditOf(payment), outcome: 'failure', reason: 'another-amount' });
  };

  return (reference, outcome, event) =>
    telemetry.span('payment.settle', { 'payment.reference': reference }, async (span) => {
      const [row] = await database.query<PaymentRow>(findPayment, [reference]);
      if (!row) return 'unknown';
      const payment = toPayment(row);
      span.setAttributes({
        'payment.id': String(payment.id),
        'user.id': payment.userId,
        'payment.kind': payment.kind,
        'payment.amount': payment.amount,
        'payment.status': outcome.status,
      });
      const settling = await database.transaction((connection) =>
        settle(connection, payment, outcome, event),
      );
      span.setAttribute('payment.settling', settling);
      if (settling === 'settled') {
        tell(payment, outcome);
        if (payment.kind === 'subscription') await sessions.changed(payment.userId);
      }
      if (settling === 'mismatch') await tellMismatch(payment, outcome, event);
      return settling;
    });
}

/** What the audit stream says of every outcome, whoever brings it. */
function auditOf({ id }: Payment) {
  return { action: 'payment.settle', actor: 'card-gateway', target: `payment:${id}` };
}
