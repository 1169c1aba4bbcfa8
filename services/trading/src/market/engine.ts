import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '@crows-nest/telemetry';
import type { Character } from '../characters/characters.ts';
import type { Database } from '../database.ts';
import type { MarketMetrics } from '../metrics.ts';
import { board, encodeBoard, QUOTES_KEY, type QuoteBoard } from '../quotes/quote.ts';
import { dropOldSamples, latestSample, saveSample } from '../quotes/samples.ts';
import type { Matching } from '../orders/matching.ts';
import type { Leadership } from './leadership.ts';
import { createWalk, TICKS_PER_SECOND, type Walk } from './walk.ts';

const TICK_MS = 1000 / TICKS_PER_SECOND;
const TICKS_PER_CLEANING = 60 * TICKS_PER_SECOND;

export interface EngineDependencies {
  database: Database;
  redis: Redis;
  leadership: Leadership;
  characters: Character[];
  seed: string;
  matching: Matching;
  metrics: MarketMetrics;
  logger: Logger;
}

export interface Engine {
  close(): Promise<void>;
}

/**
 * While this process leads: a round of quotes every 250 ms to Redis (kept and published), each fourth one also to
 * Postgres. Neither being away stops the other.
 */
export function startEngine(dependencies: EngineDependencies): Engine {
  const { database, redis, leadership, matching, metrics, logger } = dependencies;
  const stop = new AbortController();
  let walks: Walk[] | undefined;
  let ticks = 0;
  let saving: Promise<void> | undefined;

  const tick = async () => {
    const leads = leadership.held();
    metrics.leader.set(leads ? 1 : 0);
    if (!leads) {
      walks = undefined;
      metrics.price.reset();
      return;
    }
    walks ??= await openWalks(dependencies);
    const quotes = board(
      Date.now(),
      walks.map((walk) => walk.next()),
    );
    ticks += 1;
    await publish(quotes);
    matching.begin(quotes);
    if (ticks % TICKS_PER_SECOND === 0) save(quotes);
    metrics.ticks.inc();
    for (const { characterId, last } of quotes.quotes.values()) {
      metrics.price.set({ character: characterId }, last);
    }
  };

  const publish = async (quotes: QuoteBoard) => {
    const text = encodeBoard(quotes);
    await redis
      .multi()
      .set(QUOTES_KEY, text)
      .publish(QUOTES_KEY, text)
      .exec()
      .catch(() => null); // the connection logs that Redis is away
  };

  // Not awaited by the tick: a slow Postgres must not make quotes late. One at a time, so that nothing piles up.
  const save = (quotes: QuoteBoard) => {
    const cleaning = ticks % TICKS_PER_CLEANING === 0;
    saving ??= (async () => {
      await saveSample(database, quotes);
      if (cleaning) await dropOldSamples(database);
    })()
      .catch((error: unknown) => {
        logger.warn('Quotes not saved', { error });
      })
      .finally(() => {
        saving = undefined;
      });
  };

  const running = (async () => {
    let due = Date.now();
    while (!stop.signal.aborted) {
      await tick().catch((error: unknown) => {
        logger.error('A round of quotes failed', { error });
      });
      // On time on average; what a pause made late is not made up for.
      due = Math.max(due + TICK_MS, Date.now() - TICK_MS);
      await wait(Math.max(0, due - Date.now()), undefined, { signal: stop.signal }).catch(
        () => undefined,
      );
    }
  })();

  return {
    async close() {
      stop.abort();
      await running;
      await saving;
    },
  };
}

/** Prices go on where the last leader left them; on an empty database they begin at their start. */
async function openWalks({ database, characters, seed }: EngineDependencies): Promise<Walk[]> {
  const sample = await latestSample(database);
  return characters.map((character) => {
    const last = sample?.quotes.get(character.id)?.last ?? character.startPrice;
    return createWalk(character, last, seed);
  });
}
