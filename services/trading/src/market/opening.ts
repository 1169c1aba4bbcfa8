import type { Redis } from 'ioredis';
import type { Logger } from '@crows-nest/telemetry';
import type { Character } from '../characters/characters.ts';
import type { Database } from '../database.ts';
import { cents } from '../money.ts';
import { liveBoard } from '../quotes/live.ts';
import { board, type Quote, type QuoteBoard } from '../quotes/quote.ts';
import { latestSample, samplesSince } from '../quotes/samples.ts';
import { openFlow, type Flow } from './flow.ts';
import { BREAKER_MEMORY_MS } from './halts.ts';
import { makePast, savePast } from './past.ts';
import { createRounds, type Rounds } from './rounds.ts';

export interface OpeningDependencies {
  database: Database;
  redis: Redis;
  characters: Character[];
  seed: string;
  logger: Logger;
}

/** The market as a new leader takes it over. */
export interface OpenMarket {
  rounds: Rounds;
  flow: Flow;
}

/**
 * Goes on where the last leader left off: prices, halts and the day's open are those of the newest board in Redis, or of
 * the newest sample in Postgres. On an empty database prices begin at their start, after a past that is made up.
 */
export async function openMarket(
  dependencies: OpeningDependencies,
  now: number,
): Promise<OpenMarket> {
  const { database, redis, characters, seed } = dependencies;
  const sample = await latestSample(database);
  const live = sample && (await liveBoard(redis));
  const left = sample ? newer(sample, live) : await firstBoard(dependencies, now);
  const lastMinute = await samplesSince(database, now - BREAKER_MEMORY_MS);
  return {
    rounds: createRounds({ characters, seed, left, lastMinute }),
    flow: await openFlow(database, left.quotedAt),
  };
}

function newer(sample: QuoteBoard, live: QuoteBoard | undefined): QuoteBoard {
  return live && live.quotedAt > sample.quotedAt ? live : sample;
}

/** What would have been left had the market been open before: start prices, and the day's open of the past made up. */
async function firstBoard(
  { database, characters, seed, logger }: OpeningDependencies,
  now: number,
): Promise<QuoteBoard> {
  const past = makePast(characters, seed, now);
  // Charts that begin today are no reason to stay closed.
  await savePast(database, past).catch((error: unknown) => {
    logger.warn('No past was written, charts begin now', { error });
  });
  const quotes = characters.map(({ id, startPrice }): Quote => {
    const today = past.findLast(
      ({ characterId, interval }) => characterId === id && interval === '1d',
    );
    return {
      characterId: id,
      bid: cents(startPrice - 1),
      ask: cents(startPrice + 1),
      last: startPrice,
      open: today?.open ?? startPrice,
      haltedUntil: null,
    };
  });
  return board(now, 0, quotes);
}
