import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { Task } from '../worker/background.ts';
import type { Gateway, Outcome } from './gateway.ts';
import { PAYMENT_COLUMNS, toPayment, type Payment, type PaymentRow } from './payment.ts';
import type { Settle } from './settle.ts';

const BATCH = 50;

const selectPayment: Statement = {
  name: 'select_payment',
  operation: 'select',
  table: 'payments',
  text: `SELECT ${PAYMENT_COLUMNS} FROM payments WHERE id = $1`,
};

// Each is asked about again after as long as it has waited so far, from 10 s to an hour, and is by that taken from other
// sweeps that run at the same time.
const takeUnanswered: Statement = {
  name: 'take_unanswered_payments',
  operation: 'update',
  table: 'payments',
  text: `UPDATE payments SET ask_at = now() + least(greatest(now() - created_at, interval '10 seconds'), interval '1 hour')
         WHERE id IN (SELECT id FROM payments WHERE status = 'pending' AND ask_at <= now()
           ORDER BY ask_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
         RETURNING ${PAYMENT_COLUMNS}`,
};

// One that has only just begun at the gateway is answered soon, however long it has waited for that.
const askSoon: Statement = {
  name: 'ask_about_payment_soon',
  operation: 'update',
  table: 'payments',
  text: `UPDATE payments SET ask_at = now() + interval '10 seconds' WHERE id = $1 AND status = 'pending'`,
};

export interface ChargeDependencies {
  database: Database;
  gateway: Gateway;
  settle: Settle;
  telemetry: Pick<Telemetry, 'logger'>;
}

/**
 * The job `payment-charge`: has the gateway carry a payment out. However often it runs, and wherever it is cut off, the gateway
 * takes the payment's reference for the same charge.
 */
export async function chargePayment(
  { database, gateway, settle }: ChargeDependencies,
  paymentId: string,
): Promise<void> {
  const [row] = await database.query<PaymentRow>(selectPayment, [paymentId]);
  if (!row) throw new Error(`There is no payment ${paymentId}`);
  const payment = toPayment(row);
  if (payment.status !== 'pending') return;
  await settleIfFinal(settle, payment, await gateway.begin(payment));
}

/**
 * Asks the gateway what came of payments that no webhook told about, and has it carry out those it never heard of: a webhook
 * that is lost, a worker that dies or a gateway that is away delays a payment and loses nothing.
 */
export function sweepTask({ database, gateway, settle, telemetry }: ChargeDependencies): Task {
  const ask = async (row: PaymentRow) => {
    const payment = toPayment(row);
    try {
      const known = await gateway.find(payment);
      await settleIfFinal(settle, payment, known ?? (await gateway.begin(payment)));
      if (!known) await database.query(askSoon, [payment.id]);
    } catch (error) {
      telemetry.logger.warn('A payment is still unanswered', { paymentId: payment.id, error });
    }
  };

  return {
    name: 'unanswered payments',
    everyMs: 1000,
    async run() {
      await Promise.all((await database.query<PaymentRow>(takeUnanswered)).map(ask));
    },
  };
}

async function settleIfFinal(settle: Settle, payment: Payment, outcome: Outcome): Promise<void> {
  const { status } = outcome;
  if (status !== 'pending') await settle(payment.reference, { ...outcome, status });
}
