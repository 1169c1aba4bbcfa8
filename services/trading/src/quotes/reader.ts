import type { Redis } from 'ioredis';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Database } from '../database.ts';
import type { Faults } from '../faults/faults.ts';
import { listenTo } from '../redis.ts';
import { liveBoard } from './live.ts';
import { decodeBoard, QUOTES_KEY, type QuoteBoard } from './quote.ts';
import { createRecentBoards } from './recent.ts';
import { latestSample } from './samples.ts';

/** How long a board that was fetched is used before the next one is fetched. */
const FETCHED_FOR_MS = 250;
/** How long one that was pushed is: four rounds of quotes, so that one that comes late costs nothing. */
const PUSHED_FOR_MS = 1000;
/** How late quotes are for those who did not subscribe to them in real time. */
export const DELAY_MS = 5000;

export interface QuoteReader {
  /** The newest board that can be had; undefined when the market never opened. Fails only if Postgres is needed and away. */
  current(): Promise<QuoteBoard | undefined>;
  /**
   * The newest board that is at least 5 seconds old, for those who did not subscribe to quotes in real time; undefined when
   * there was none yet. For looking only: trading is always at the current one. Fails as `current` does.
   */
  delayed(): Promise<QuoteBoard | undefined>;
  /** Calls back after each board that was pushed. */
  onPushed(listener: () => void): void;
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
  /** cache-off, where it may be on: what is known is not used. */
  faults?: Faults | undefined;
}

/**
 * Quotes come by subscription, so that a request costs no round trip. When none come (Redis or the market is away) they
 * are fetched, at most every 250 ms: from Redis, and when that is away from the last sample in Postgres. Boards of the last
 * seconds are kept for those who see them late; when some of those did not come, it is the samples in Postgres that count.
 */
export function createQuoteReader({
  redis,
  subscriber,
  database,
  telemetry,
  faults,
}: QuoteReaderOptions): QuoteReader {
  const recent = createRecentBoards();
  const listeners: (() => void)[] = [];
  let pushedUntil = 0;
  const fetched = atIntervals(async () => {
    const board = (await liveBoard(redis)) ?? (await latestSample(database));
    if (board) recent.add(board);
  });
  const sampled = atIntervals(() => latestSample(database, Date.now() - DELAY_MS));

  listenTo(
    subscriber,
    QUOTES_KEY,
    (text) => {
      recent.add(decodeBoard(text));
      pushedUntil = Date.now() + PUSHED_FOR_MS;
      for (const listener of listeners) listener();
    },
    telemetry.logger,
  );

  const cacheOff = () => faults?.on('cache-off') !== undefined;
  const count = (hit: boolean) => {
    if (hit) telemetry.cacheHit('quotes');
    else telemetry.cacheMiss('quotes');
  };

  return {
    async current() {
      const known = !cacheOff() && (Date.now() < pushedUntil || fetched.isFresh());
      count(known);
      if (!known) await fetched.renewed();
      return recent.newest();
    },
    async delayed() {
      const limit = Date.now() - DELAY_MS;
      const board = recent.before(limit);
      const complete = board !== undefined && board.quotedAt > limit - PUSHED_FOR_MS;
      const known = !cacheOff() && (complete || sampled.isFresh());
      count(known);
      if (known && complete) return board;
      const sample = await (known ? sampled.value() : sampled.renewed());
      return board && sample && sample.quotedAt < board.quotedAt ? board : (sample ?? board);
    },
    onPushed(listener) {
      listeners.push(listener);
    },
    ageSeconds: () => {
      const newest = recent.newest();
      return newest && (Date.now() - newest.quotedAt) / 1000;
    },
    close: async () => {
      subscriber.disconnect();
      await Promise.allSettled([fetched.settled(), sampled.settled()]);
    },
  };
}

/** Something that is fetched at most every 250 ms, and once for all who ask at the same time. */
function atIntervals<T>(fetch: () => Promise<T>) {
  let value: T;
  let freshUntil = 0;
  let fetching: Promise<T> | undefined;
  const isFresh = () => Date.now() < freshUntil;
  const refresh = async () => {
    value = await fetch();
    freshUntil = Date.now() + FETCHED_FOR_MS;
    return value;
  };

  const renewed = (): Promise<T> => {
    fetching ??= refresh().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };

  return {
    isFresh,
    value: async (): Promise<T> => (isFresh() ? value : renewed()),
    /** However fresh what there is. */
    renewed,
    /** Resolves when nothing is under way. */
    settled: () => fetching,
  };
}
