import type { Redis } from 'ioredis';
import { decodeBoard, encodeBoard, QUOTES_KEY, type QuoteBoard } from './quote.ts';

/** Keeps the newest board in Redis and tells everybody who subscribed. Nothing happens when Redis is away. */
export async function publishBoard(redis: Redis, board: QuoteBoard): Promise<void> {
  const text = encodeBoard(board);
  await redis
    .multi()
    .set(QUOTES_KEY, text)
    .publish(QUOTES_KEY, text)
    .exec()
    .catch(() => null); // the connection logs that Redis is away
}

/** The newest board in Redis; undefined when Redis is away, or has none that this version can read. */
export async function liveBoard(redis: Redis): Promise<QuoteBoard | undefined> {
  try {
    const text = await redis.get(QUOTES_KEY);
    return text === null ? undefined : decodeBoard(text);
  } catch {
    return undefined;
  }
}
