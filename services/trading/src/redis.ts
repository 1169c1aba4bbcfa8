import { once } from 'node:events';
import type { RedisOptions as BullConnection } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from '@crows-nest/telemetry';

/** Reconnects for ever, after 100 ms at first and at least every second. */
const retryStrategy = (attempt: number) => Math.min(attempt * 100, 1000);

/**
 * A connection for requests, where Redis is a help and not a need: a command fails at once when Redis is away, and
 * within a quarter of a second when it hangs, so that the caller can fall back to Postgres. A connection that has been silent
 * for two seconds while it owed answers is given up, so that unanswered commands do not pile up on it.
 */
export function createRedis(url: string, logger: Logger, commandTimeout = 250): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout,
    socketTimeout: 2000,
    connectTimeout: 1000,
    // ioredis' own renewal leaves its promise to nobody: where the connection breaks again meanwhile, it would end the process.
    autoResubscribe: false,
    retryStrategy,
  });
  logTroubles(redis, logger);
  return redis;
}

/** One line when Redis is lost and one when it is back, not one for each attempt. */
function logTroubles(redis: Redis, logger: Logger): void {
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) logger.warn('Redis is away', { error: error.message });
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
}

/** Whether commands can be sent now. */
export function isReady(redis: Redis): boolean {
  return redis.status === 'ready';
}

/** Resolves once the connection can be used, or after `limitMs`: starting does not depend on Redis. */
export async function settled(redis: Redis, limitMs: number): Promise<void> {
  if (isReady(redis)) return;
  const limit = AbortSignal.timeout(limitMs);
  await once(redis, 'ready', { signal: limit }).catch(() => undefined);
}

/**
 * Listens to a channel, on a connection of its own for as long as that lives. What is published while Redis is away is missed.
 *
 * @param listener what it throws is logged: a message that cannot be read changes nothing
 */
export function listenTo(
  subscriber: Redis,
  channel: string,
  listener: (text: string) => void,
  logger: Logger,
): void {
  subscriber.on('message', (_channel: string, text: string) => {
    try {
      listener(text);
    } catch (error) {
      logger.warn('A message cannot be read', { channel, error });
    }
  });
  // Again after each reconnect.
  const subscribe = () => {
    subscriber.subscribe(channel).catch((error: unknown) => {
      logger.warn('Not subscribed, trying again when Redis is back', { channel, error });
    });
  };
  subscriber.on('ready', subscribe);
  if (isReady(subscriber)) subscribe();
}

/** For BullMQ's worker, which blocks on Redis while there is nothing to do, and waits out an absence. */
export function blockingConnection(url: string): BullConnection {
  return { url, maxRetriesPerRequest: null, connectTimeout: 1000, retryStrategy };
}
