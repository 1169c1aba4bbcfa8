import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { listenTo } from '../redis.ts';
import { ORDER_COLUMNS, orderOf, type OrderRow } from '../orders/order.ts';

const CHANNEL = 'order-events';

const eventSchema = z.object({ userId: z.string(), order: z.record(z.string(), z.unknown()) });

/** An order as it is after a change, and whose it is. */
export type OrderEvent = z.output<typeof eventSchema>;

const selectOrder: Statement = {
  name: 'select_order_of_event',
  operation: 'select',
  table: 'orders',
  text: `SELECT user_id, ${ORDER_COLUMNS} FROM orders WHERE id = $1`,
};

/**
 * The job of the topic `order-event`: tells every API process how the order is now, whichever of them has the customer's streams.
 * Fails while Redis is away.
 */
export async function tellOfOrder(
  database: Database,
  redis: Redis,
  orderId: string,
): Promise<void> {
  const [row] = await database.query<OrderRow & { user_id: string }>(selectOrder, [orderId]);
  if (!row) throw new Error(`There is no order ${orderId}`);
  const event = { userId: row.user_id, order: orderOf(row) };
  await redis.publish(CHANNEL, JSON.stringify(event));
}

/**
 * Listens on a connection of its own, for as long as that lives. What is told while Redis is away is missed: a stream shows
 * changes sooner, and GET /api/orders what is so.
 */
export function listenForOrderEvents(
  subscriber: Redis,
  logger: Logger,
  listener: (event: OrderEvent) => void,
): { close(): Promise<void> } {
  listenTo(
    subscriber,
    CHANNEL,
    (text) => {
      listener(eventSchema.parse(JSON.parse(text)));
    },
    logger,
  );
  return {
    close() {
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}
