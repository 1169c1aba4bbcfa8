import type { Redis } from 'ioredis';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Database } from '../database.ts';
import { decodeBoard, QUOTES_KEY, type QuoteBoard } from './quote.ts';
import { latestSample } from './samples.ts';

/** How long a board that was fetched is used before the next one is fetched. */
const FETCHED_FOR_MS = 250;
/** How long one that was pushed is: four rounds of quotes, so that one that comes late costs nothing. */
const PUSHED_FOR_MS = 1000;

export interface QuoteReader {
  /** The newest board that can be had; undefined when the market never opened. Fails only if Postgres is needed and away. */
  current(): Promise<QuoteBoard | undefined>;
  /** Age of the newest board known, in seconds; undefined when none is. */
  ageSeconds: () => number | undefined;
  close(): Promise<void>;
}

export interface QuoteReaderOptions {
  redis: Redis;
  /** A connection of its own, because a subscribed one can do nothing else. */
  subscriber: Redis;
  database: Database;
  telemetry: Pick<Telemetry, 'logger' | 'cacheHit' | 'cacheMiss'>;
}

/**
 * Quotes come by subscription, so that a request costs no round trip. When none come (Redis or the market is away) they
 * are fetched, at most every 250 ms: from Redis, and when that is away from the last sample in Postgres.
 */
export function createQuoteReader({
  redis,
  subscriber,
  database,
  telemetry,
}: QuoteReaderOptions): QuoteReader {
  let newest: QuoteBoard | undefined;
  let usableUntil = 0;
  let fetching: Promise<QuoteBoard | undefined> | undefined;

  const keep = (board: QuoteBoard | undefined, forMs: number) => {
    if (board && (!newest || board.quotedAt >= newest.quotedAt)) newest = board;
    usableUntil = Date.now() + forMs;
    return newest;
  };

  const fetchBoard = async () => {
    const text = await redis.get(QUOTES_KEY).catch(() => null);
    const board = text === null ? await latestSample(database) : decodeBoard(text);
    return keep(board, FETCHED_FOR_MS);
  };

  subscriber.on('message', (_channel: string, text: string) => {
    try {
      keep(decodeBoard(text), PUSHED_FOR_MS);
    } catch (error) {
      telemetry.logger.warn('A message of quotes cannot be read', { error });
    }
  });
  // Again after each reconnect: ioredis renews only subscriptions that once succeeded.
  const subscribe = () => {
    subscriber.subscribe(QUOTES_KEY).catch((error: unknown) => {
      telemetry.logger.warn('Not subscribed to quotes, fetching them instead', { error });
    });
  };
  subscriber.on('ready', subscribe);
  if (subscriber.status === 'ready') subscribe();

  return {
    async current() {
      if (Date.now() < usableUntil) {
        telemetry.cacheHit('quotes');
        return newest;
      }
      telemetry.cacheMiss('quotes');
      fetching ??= fetchBoard().finally(() => {
        fetching = undefined;
      });
      return fetching;
    },
    ageSeconds: () => (newest ? (Date.now() - newest.quotedAt) / 1000 : undefined),
    close: async () => {
      subscriber.disconnect();
      await fetching?.catch(() => undefined);
    },
  };
}
