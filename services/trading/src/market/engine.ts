import { setTimeout as wait } from 'node:timers/promises';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Faults } from '../faults/faults.ts';
import type { MarketMetrics } from '../metrics/roles.ts';
import type { Matching } from '../orders/matching.ts';
import { publishBoard } from '../quotes/live.ts';
import type { QuoteBoard } from '../quotes/quote.ts';
import { HALT_MS } from './halts.ts';
import { keepBoard } from './keeping.ts';
import type { Leadership } from './leadership.ts';
import { openMarket, type OpeningDependencies, type OpenMarket } from './opening.ts';
import { TICKS_PER_SECOND } from './walk.ts';

const TICK_MS = 1000 / TICKS_PER_SECOND;

export interface EngineDependencies extends OpeningDependencies {
  leadership: Leadership;
  matching: Matching;
  metrics: MarketMetrics;
  telemetry: Pick<Telemetry, 'debug'>;
  /** market-stall, where it may be on. */
  faults?: Faults | undefined;
}

export interface Engine {
  close(): Promise<void>;
}

/**
 * While this process leads: a round of quotes every 250 ms to Redis (kept and published), each fourth one also to
 * Postgres, where what customers traded is asked for. Neither being away stops the other.
 */
export function startEngine(dependencies: EngineDependencies): Engine {
  const { database, redis, leadership, matching, characters, metrics, logger, faults } =
    dependencies;
  const debug = dependencies.telemetry.debug('app:market');
  const stop = new AbortController();
  let market: OpenMarket | undefined;
  let saving: Promise<void> | undefined;
  for (const { id } of characters) metrics.halts.inc({ character: id }, 0);

  const tick = async () => {
    const leads = leadership.held();
    metrics.leader.set(leads ? 1 : 0);
    if (!leads) {
      market = undefined;
      metrics.price.reset();
      return;
    }
    if (faults?.on('market-stall')) return;
    market ??= await openMarket(dependencies, Date.now());
    const start = performance.now();
    const quotes = market.rounds.next(Date.now());
    await publishBoard(redis, quotes);
    matching.begin(quotes);
    if (quotes.round % TICKS_PER_SECOND === 0) save(market, quotes);
    tell(quotes);
    performance.measure('market.round', { start });
  };

  // Not awaited by the tick: a slow Postgres must not make quotes late. One at a time, so that nothing piles up.
  const save = ({ rounds, flow }: OpenMarket, quotes: QuoteBoard) => {
    saving ??= (async () => {
      await keepBoard(database, quotes);
      rounds.bought(await flow.next());
    })()
      .catch((error: unknown) => {
        logger.warn('Quotes not saved, or trades not counted', { error });
      })
      .finally(() => {
        saving = undefined;
      });
  };

  const tell = ({ quotedAt, quotes, round }: QuoteBoard) => {
    metrics.ticks.inc();
    debug('A round of quotes', { round, lateMs: Date.now() - quotedAt });
    for (const { characterId: character, last, haltedUntil } of quotes.values()) {
      metrics.price.set({ character }, last);
      if (haltedUntil === quotedAt + HALT_MS) {
        metrics.halts.inc({ character });
        logger.warn('Trading is halted', { character, last });
      }
    }
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
