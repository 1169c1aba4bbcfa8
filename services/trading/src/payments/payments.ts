import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { idempotently, outcomeOf, type KeptAnswer } from '../idempotency/idempotency.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import type { Cents } from '../money.ts';
import { pageOf, type Page, type PageRequest } from '../page.ts';
import { Problem } from '../problem.ts';
import { askForPayment } from './ask.ts';
import { countPending } from './pending.ts';
import { PAYMENT_COLUMNS, toView, type PaymentRow, type PaymentView } from './payment.ts';

export interface PaymentRequest {
  userId: string;
  /** The caller's Idempotency-Key. */
  key: string;
  amount: Cents;
  /** The card's token. */
  card: string;
  /** The path asked, for a refusal's `instance`. */
  instance: string;
  /** Where it comes from. */
  address: string | undefined;
}

export interface Payments {
  /** 202 with the pending payment, or 409 when too many are pending. The money comes when the gateway has it. */
  deposit(request: PaymentRequest): Promise<KeptAnswer>;
  /** The same, and 409 when the customer has less. The money is out of the customer's reach at once, and back if it fails. */
  withdraw(request: PaymentRequest): Promise<KeptAnswer>;
  /** A customer's payments, newest first. */
  list(userId: string, page: PageRequest): Promise<Page<PaymentView>>;
}

/** Payments of one customer that may be pending at a time. */
const PENDING_LIMIT = 20;

const selectPage: Statement = {
  name: 'select_payments',
  operation: 'select',
  table: 'payments',
  text: `SELECT ${PAYMENT_COLUMNS} FROM payments WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
};

export function createPayments(
  database: Database,
  telemetry: Pick<Telemetry, 'audit'>,
  metrics: Pick<ApiMetrics, 'ledgerEntries'>,
): Payments {
  const ask = async (kind: 'deposit' | 'withdrawal', request: PaymentRequest) => {
    const { userId, key, amount, card, instance, address } = request;
    const keyed = { userId, key, request: [kind, amount, card], instance };
    let target: string | undefined;
    const answer = await idempotently(database, keyed, async (connection, cash) => {
      if ((await countPending(connection, userId)) >= PENDING_LIMIT) return tooManyPending();
      if (kind === 'withdrawal' && amount > cash) return notEnough(amount, cash);
      const row = await askForPayment(connection, { userId, kind, amount, card });
      target = `payment:${row.id}`;
      return { status: 202, body: { payment: toView(row) } };
    });
    if (!answer.replayed) {
      const event = { action: `payment.${kind}`, actor: userId, address, target };
      telemetry.audit({ ...event, ...outcomeOf(answer) });
    }
    const held = kind === 'withdrawal' && answer.status === 202 && !answer.replayed;
    if (held) metrics.ledgerEntries.inc(2);
    return answer;
  };

  return {
    deposit: (request) => ask('deposit', request),
    withdraw: (request) => ask('withdrawal', request),
    list: (userId, page) =>
      pageOf(page, async (before, limit) =>
        (await database.query<PaymentRow>(selectPage, [userId, before, limit])).map(toView),
      ),
  };
}

function tooManyPending(): Problem {
  return new Problem({
    status: 409,
    code: 'too-many-pending-payments',
    title: 'Too many pending payments',
    detail: `At most ${PENDING_LIMIT} payments may be pending. Wait until one is settled, then ask with a new key.`,
  });
}

function notEnough(amount: Cents, cash: Cents): Problem {
  return new Problem({
    status: 409,
    code: 'insufficient-funds',
    title: 'Insufficient funds',
    detail: `Withdrawing ${amount} cents was asked for; the account holds ${cash}.`,
  });
}
