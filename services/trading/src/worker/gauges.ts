import type { Redis } from 'ioredis';
import type { Database, Statement } from '../database.ts';
import { ledgerImbalance } from '../ledger/audit.ts';
import type { WorkerMetrics } from '../metrics/roles.ts';
import type { Queues } from '../jobs/queues.ts';
import { QUEUE_NAMES } from '../jobs/topics.ts';
import type { QuoteReader } from '../quotes/reader.ts';
import { isReady } from '../redis.ts';
import type { Task } from './background.ts';

const countActiveUsers: Statement = {
  name: 'count_active_users',
  operation: 'select',
  table: 'user_activity',
  text: "SELECT count(*) AS count FROM user_activity WHERE seen_at > now() - interval '5 minutes'",
};

const countActiveSessions: Statement = {
  name: 'count_active_sessions',
  operation: 'select',
  table: 'sessions',
  text: 'SELECT count(*) AS count FROM sessions WHERE expires_at > now()',
};

const countSubscriptions: Statement = {
  name: 'count_subscriptions',
  operation: 'select',
  table: 'subscriptions',
  text: "SELECT count(*) AS count FROM subscriptions WHERE status IN ('active', 'cancelled')",
};

const selectOutboxLag: Statement = {
  name: 'select_outbox_lag',
  operation: 'select',
  table: 'outbox',
  text: 'SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::double precision AS seconds FROM outbox',
};

const selectPendingAge: Statement = {
  name: 'select_payment_pending_age',
  operation: 'select',
  table: 'payments',
  // The index of those that are pending is small.
  text: `SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::double precision AS seconds
         FROM payments WHERE status = 'pending'`,
};

// What the house has issued is what customers hold: 20 rows, instead of all customers' balances.
const selectIssued: Statement = {
  name: 'select_shares_issued',
  operation: 'select',
  table: 'entries',
  text: "SELECT asset, -balance AS shares FROM house_balances() WHERE purpose = 'dealing' AND asset <> 'BERRY'",
};

const countOpenOrders: Statement = {
  name: 'count_open_orders',
  operation: 'select',
  table: 'orders',
  // Two counts, because each has an index of just these.
  text: `SELECT (SELECT count(*) FROM orders WHERE closed_at IS NULL AND side = 'buy')
           + (SELECT count(*) FROM orders WHERE closed_at IS NULL AND side = 'sell') AS count`,
};

export interface GaugesDependencies {
  database: Database;
  queues: Queues;
  /** The queues' connection. */
  redis: Redis;
  quotes: QuoteReader;
  metrics: WorkerMetrics;
}

/** Gauges that need a query, each looked up in the background and at a pace that its cost allows. */
export function gaugeTasks({
  database,
  queues,
  redis,
  quotes,
  metrics,
}: GaugesDependencies): Task[] {
  const count = async (statement: Statement) => {
    const [row] = await database.query<{ count: number }>(statement);
    return row?.count ?? 0;
  };

  return [
    {
      name: 'queues and outbox',
      everyMs: 5000,
      async run() {
        const [row] = await database.query<{ seconds: number }>(selectOutboxLag);
        metrics.outboxLag.set(Math.max(0, row?.seconds ?? 0));
        if (!isReady(redis)) return;
        for (const queue of QUEUE_NAMES) {
          const depths = await queues
            .of(queue)
            .getJobCounts('waiting', 'active', 'delayed', 'failed');
          for (const [state, depth] of Object.entries(depths)) {
            metrics.jobQueueDepth.set({ queue, state }, depth);
          }
        }
      },
    },
    {
      name: 'people',
      everyMs: 10_000,
      async run() {
        metrics.activeUsers.set(await count(countActiveUsers));
        metrics.activeSessions.set(await count(countActiveSessions));
        metrics.subscriptionsActive.set(await count(countSubscriptions));
      },
    },
    {
      name: 'pending payments',
      everyMs: 10_000,
      async run() {
        const [row] = await database.query<{ seconds: number }>(selectPendingAge);
        metrics.paymentPendingAge.set(Math.max(0, row?.seconds ?? 0));
      },
    },
    {
      name: 'open orders',
      everyMs: 10_000,
      async run() {
        metrics.ordersOpen.set(await count(countOpenOrders));
      },
    },
    {
      name: 'holdings',
      everyMs: 15_000,
      async run() {
        const held = await database.query<{ asset: string; shares: number }>(selectIssued);
        const board = await quotes.current();
        const value = held.reduce(
          (total, { asset, shares }) => total + shares * (board?.quotes.get(asset)?.bid ?? 0),
          0,
        );
        metrics.holdingsValue.set(value);
      },
    },
    {
      name: 'books',
      everyMs: 30_000,
      async run() {
        // Without an answer there is no value: an old 0 would say that the books have been looked at.
        const found = await ledgerImbalance(database).catch((error: unknown) => {
          metrics.ledgerImbalance.reset();
          throw error;
        });
        for (const { asset, imbalance } of found) metrics.ledgerImbalance.set({ asset }, imbalance);
      },
    },
  ];
}
