import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Carrier, Logger } from '@crows-nest/telemetry';
import { QUEUE_NAMES, type Payload, type QueueName } from './topics.ts';

/** One job: what it is about, and where its trace and ids come from. */
export interface JobData {
  payload: Payload;
  carrier: Carrier;
  /** When the event happened: milliseconds since 1970. */
  occurredAt: number;
}

export interface Queues {
  of(name: QueueName): Queue<JobData>;
  close(): Promise<void>;
}

/**
 * The sending ends, on the given connection. To be used only while that is ready: before its first connection BullMQ
 * would wait without end. Jobs that are done, and those that failed for good, are kept for a while and in bounded number.
 */
export function createQueues(redis: Redis, logger: Logger): Queues {
  const queues = new Map(QUEUE_NAMES.map((name) => [name, createQueue(name, redis, logger)]));
  return {
    of(name) {
      const queue = queues.get(name);
      if (!queue) throw new Error(`There is no queue ${name}`);
      return queue;
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function createQueue(name: QueueName, redis: Redis, logger: Logger): Queue<JobData> {
  const queue = new Queue<JobData>(name, {
    connection: redis,
    // The check is one command at the start; should Redis go away just then, BullMQ would take that as its last word.
    skipVersionCheck: true,
    defaultJobOptions: {
      // 1, 2, 4 … s: over two hours of whatever is needed being away.
      attempts: 14,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: { age: 3600, count: 1000 },
      removeOnFail: { age: 86_400, count: 1000 },
    },
  });
  queue.on('error', (error) => {
    logger.debug('Queue: Redis is away', { queue: name, error: error.message });
  });
  return queue;
}
