import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Queryable, Statement } from '../database.ts';
import { idempotently, outcomeOf, type KeptAnswer } from '../idempotency/idempotency.ts';
import { lockCustomer } from '../ledger/accounts.ts';
import type { Cents } from '../money.ts';
import { Problem } from '../problem.ts';
import { askForCharge } from './charge.ts';
import type { Plan, SubscriptionStatus } from './plan.ts';

/** A subscription as its customer sees it. */
export interface SubscriptionView {
  status: SubscriptionStatus;
  card: string;
  /** Of one period. */
  price: Cents;
  /** Until when it is paid, ISO 8601; null before the first charge. */
  currentPeriodEnd: string | null;
  /** When the card is charged next, ISO 8601; null while a charge is under way, and when none is to come. */
  nextChargeAt: string | null;
}

export interface SubscribeRequest {
  userId: string;
  /** The caller's Idempotency-Key. */
  key: string;
  /** The card's token. */
  card: string;
  /** The path asked, for a refusal's `instance`. */
  instance: string;
  /** Where it comes from. */
  address: string | undefined;
}

export interface Subscriptions {
  /** The customer's subscription; null for one who never had any. */
  of(userId: string): Promise<SubscriptionView | null>;
  /**
   * Begins a subscription, takes up one that was cancelled, or charges another card for one that is past due. 202 with the
   * subscription, 409 when there is nothing to begin.
   */
  start(request: SubscribeRequest): Promise<KeptAnswer>;
  /** Lets it run out the period that is paid, without another charge. @throws {Problem} 404 when none runs */
  cancel(userId: string, address: string | undefined): Promise<SubscriptionView>;
}

interface SubscriptionRow {
  status: SubscriptionStatus;
  card: string;
  current_period_end: Date | null;
  due_at: Date | null;
  charging: boolean;
}

const selectSubscription: Statement = {
  name: 'select_subscription',
  operation: 'select',
  table: 'subscriptions',
  text: `SELECT status, card, current_period_end, due_at,
           EXISTS (SELECT FROM payments p WHERE p.user_id = s.user_id AND p.kind = 'subscription' AND p.status = 'pending')
             AS charging
         FROM subscriptions s WHERE user_id = $1`,
};

const beginSubscription: Statement = {
  name: 'begin_subscription',
  operation: 'insert',
  table: 'subscriptions',
  text: `INSERT INTO subscriptions (user_id, status, card) VALUES ($1, 'pending', $2)
         ON CONFLICT (user_id) DO UPDATE
           SET status = excluded.status, card = excluded.card, attempts = 0, current_period_end = NULL`,
};

const changeSubscription: Statement = {
  name: 'change_subscription',
  operation: 'update',
  table: 'subscriptions',
  text: `UPDATE subscriptions SET status = $2, card = $3, due_at = CASE $2 WHEN 'ended' THEN NULL ELSE due_at END
         WHERE user_id = $1`,
};

export interface SubscriptionsDependencies {
  database: Database;
  plan: Plan;
  telemetry: Pick<Telemetry, 'audit'>;
}

export function createSubscriptions({
  database,
  plan,
  telemetry,
}: SubscriptionsDependencies): Subscriptions {
  const find = async (connection: Queryable, userId: string) => {
    const [row] = await connection.query<SubscriptionRow>(selectSubscription, [userId]);
    return row;
  };
  const view = async (connection: Queryable, userId: string): Promise<SubscriptionView> => {
    const row = await find(connection, userId);
    if (!row) throw new Error(`Customer ${userId} has no subscription`);
    return toView(row, plan);
  };

  return {
    async of(userId) {
      const row = await find(database, userId);
      return row ? toView(row, plan) : null;
    },

    async start({ userId, key, card, instance, address }) {
      const answer = await idempotently(
        database,
        { userId, key, request: ['subscription', card], instance },
        async (connection) => {
          const before = await find(connection, userId);
          if (before?.status === 'cancelled') {
            await connection.query(changeSubscription, [userId, 'active', card]);
          } else if (before?.charging) {
            return chargeUnderWay();
          } else if (before?.status === 'active') {
            return alreadySubscribed();
          } else {
            if (before?.status === 'past_due') {
              await connection.query(changeSubscription, [userId, 'past_due', card]);
            } else {
              await connection.query(beginSubscription, [userId, card]);
            }
            await askForCharge(connection, userId, card, plan);
          }
          return { status: 202, body: { subscription: await view(connection, userId) } };
        },
      );
      if (!answer.replayed) {
        const event = { action: 'subscription.start', actor: userId, address };
        telemetry.audit({ ...event, ...outcomeOf(answer) });
      }
      return answer;
    },

    async cancel(userId, address) {
      const cancelled = await database.transaction(async (connection) => {
        await lockCustomer(connection, userId);
        const before = await find(connection, userId);
        if (!before || before.status === 'ended') throw noSubscription();
        const runs = before.status === 'active' || before.status === 'cancelled';
        const status = runs ? 'cancelled' : 'ended';
        await connection.query(changeSubscription, [userId, status, before.card]);
        return view(connection, userId);
      });
      const action = 'subscription.cancel';
      telemetry.audit({ action, outcome: 'success', actor: userId, address });
      return cancelled;
    },
  };
}

function toView(row: SubscriptionRow, { price }: Plan): SubscriptionView {
  const { status, card, current_period_end: periodEnd, due_at: dueAt } = row;
  const renews = status === 'active' || status === 'past_due';
  return {
    status,
    card,
    price,
    currentPeriodEnd: periodEnd?.toISOString() ?? null,
    nextChargeAt: renews ? (dueAt?.toISOString() ?? null) : null,
  };
}

function alreadySubscribed(): Problem {
  return new Problem({
    status: 409,
    code: 'already-subscribed',
    title: 'Already subscribed',
    detail:
      'The subscription is active and renews itself. Cancel it with DELETE /api/subscription.',
  });
}

function chargeUnderWay(): Problem {
  return new Problem({
    status: 409,
    code: 'charge-under-way',
    title: 'A charge is under way',
    detail:
      'A charge for the subscription is not settled yet. Wait for it, then ask with a new key.',
  });
}

function noSubscription(): Problem {
  return new Problem({
    status: 404,
    code: 'no-subscription',
    title: 'No subscription',
    detail: 'There is no subscription to cancel. Begin one with POST /api/subscription.',
  });
}
