import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Carrier, Logger } from '@crows-nest/telemetry';

/** Messages to customers. */
export const NOTIFICATIONS = 'notifications';

/** One job: what it is about (by id only: personal data stays in Postgres), and where its trace and ids come from. */
export interface NotificationJob {
  payload: { tradeId: string };
  carrier: Carrier;
  /** When the event happened: milliseconds since 1970. */
  occurredAt: number;
}

export type NotificationQueue = Queue<NotificationJob>;

/**
 * The sending end, on the given connection. To be used only while that is ready: before its first connection BullMQ
 * would wait without end. Jobs that are done, and those that failed for good, are kept for a while and in bounded number.
 */
export function createNotificationQueue(redis: Redis, logger: Logger): NotificationQueue {
  const queue: NotificationQueue = new Queue<NotificationJob>(NOTIFICATIONS, {
    connection: redis,
    // The check is one command at the start; should Redis go away just then, BullMQ would take that as its last word.
    skipVersionCheck: true,
    defaultJobOptions: {
      // 1, 2, 4 … 64 s: two minutes of a mail server being away.
      attempts: 8,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: { age: 3600, count: 1000 },
      removeOnFail: { age: 86_400, count: 1000 },
    },
  });
  queue.on('error', (error) => {
    logger.debug('Queue: Redis is away', { error: error.message });
  });
  return queue;
}
