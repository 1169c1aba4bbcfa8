import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '@crows-nest/telemetry';

const CHANNEL = 'order-events';

const eventSchema = z.object({ userId: z.string(), order: z.record(z.string(), z.unknown()) });

/** An order as it is after a change, and whose it is. */
export type OrderEvent = z.output<typeof eventSchema>;

/** Tells every API process, whichever of them has the customer's streams. Fails while Redis is away. */
export async function publishOrderEvent(redis: Redis, event: OrderEvent): Promise<void> {
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
  subscriber.on('message', (_channel: string, text: string) => {
    try {
      listener(eventSchema.parse(JSON.parse(text)));
    } catch (error) {
      logger.warn('An order event cannot be read', { error });
    }
  });
  // Again after each reconnect: ioredis renews only subscriptions that once succeeded.
  const subscribe = () => {
    subscriber.subscribe(CHANNEL).catch((error: unknown) => {
      logger.warn('Not subscribed to order events', { error });
    });
  };
  subscriber.on('ready', subscribe);
  if (subscriber.status === 'ready') subscribe();
  return {
    close() {
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}
