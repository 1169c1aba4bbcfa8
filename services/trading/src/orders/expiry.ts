import { captureCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { WorkerMetrics } from '../metrics/roles.ts';
import type { Task } from '../worker/background.ts';
import type { Side } from './order.ts';

const BATCH = 100;

const selectExpired: Statement = {
  name: 'select_expired_orders',
  operation: 'select',
  table: 'orders',
  text: `SELECT id, user_id, side FROM orders WHERE closed_at IS NULL AND expires_at <= now()
         ORDER BY expires_at LIMIT ${BATCH}`,
};

const expireOrder: Statement = {
  name: 'expire_order',
  operation: 'call',
  table: 'orders',
  text: "SELECT close_order($1, $2, 'expired', $3) AS closed",
};

export interface ExpiryDependencies {
  database: Database;
  telemetry: Pick<Telemetry, 'span' | 'logger'>;
  metrics: Pick<WorkerMetrics, 'ordersCancelled' | 'ledgerEntries'>;
}

/**
 * Closes the orders whose time is over, and gives back what they held: each in a transaction of its own, because it takes its
 * customer's lock. Of two workers that find the same one, one closes it.
 */
export function expiryTask({ database, telemetry, metrics }: ExpiryDependencies): Task {
  const expire = async ({ id, user_id: userId, side }: ExpiredRow) => {
    const attributes = { 'order.id': String(id), 'user.id': userId };
    await telemetry.span('order.expire', attributes, async () => {
      const values = [userId, id, captureCarrier()];
      const [row] = await database.query<{ closed: boolean }>(expireOrder, values);
      if (!row?.closed) return;
      metrics.ordersCancelled.inc({ kind: 'limit', side });
      metrics.ledgerEntries.inc(2);
    });
  };

  return {
    name: 'expiry of orders',
    everyMs: 1000,
    async run(stop) {
      for (const order of await database.query<ExpiredRow>(selectExpired)) {
        if (stop.aborted) return;
        // One that fails does not keep the others from being closed.
        await expire(order).catch((error: unknown) => {
          telemetry.logger.warn('Order not expired, trying again', { orderId: order.id, error });
        });
      }
    },
  };
}

interface ExpiredRow {
  id: number;
  user_id: string;
  side: Side;
}
