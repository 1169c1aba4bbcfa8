import { captureCarrier, currentContext, type Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { hashRequest, keyReused, type KeptAnswer } from '../idempotency/idempotency.ts';
import type { ApiMetrics } from '../metrics.ts';
import { cents } from '../money.ts';
import { unavailable } from '../problem.ts';
import { TRADABLE_FOR_MS, type Quote } from '../quotes/quote.ts';
import type { QuoteReader } from '../quotes/reader.ts';
import { commissionOn } from './commission.ts';

/** A market order at the current quote. */
export interface Order {
  characterId: string;
  action: 'buy' | 'sell';
  /** Whole shares, 1 to 1,000,000. */
  quantity: number;
}

export interface TradeRequest {
  userId: string;
  /** The caller's Idempotency-Key. */
  key: string;
  order: Order;
  /** The path asked, for a refusal's `instance`. */
  instance: string;
}

export interface Trades {
  /**
   * Executes the order, once per key, in one round trip to Postgres.
   *
   * @returns 201, or 404 or 409 with a problem as body
   * @throws {Problem} 422 when the key was used for another order, 503 when there is no price of the last 3 seconds;
   *   nothing is kept of either
   */
  execute(request: TradeRequest): Promise<KeptAnswer>;
}

type Outcome =
  | 'executed'
  | 'insufficient_funds'
  | 'insufficient_holding'
  | 'unknown_character'
  | 'no_price'
  | 'key_reused';

interface ExecuteTradeRow {
  outcome: Outcome;
  replayed: boolean;
  status: number;
  body: string;
  trade_id: number | null;
  first_trade: boolean;
  entry_count: number;
}

const executeTrade: Statement = {
  name: 'execute_trade',
  operation: 'call',
  table: 'trades',
  text: 'SELECT * FROM execute_trade($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
};

export interface TradesDependencies {
  database: Database;
  quotes: QuoteReader;
  telemetry: Pick<Telemetry, 'span'>;
  metrics: Pick<
    ApiMetrics,
    'trades' | 'tradingVolume' | 'tradeDuration' | 'revenue' | 'firstTrades' | 'ledgerEntries'
  >;
}

export function createTrades({ database, quotes, telemetry, metrics }: TradesDependencies): Trades {
  const tradablePrice = async ({ characterId, action }: Order) => {
    const board = await quotes.current();
    if (!board || Date.now() - board.quotedAt > TRADABLE_FOR_MS) return undefined;
    const quote: Quote | undefined = board.quotes.get(characterId);
    return action === 'buy' ? quote?.ask : quote?.bid;
  };

  return {
    execute: ({ userId, key, order, instance }) => {
      const attributes = {
        'user.id': userId,
        'character.id': order.characterId,
        'trade.action': order.action,
        'trade.quantity': order.quantity,
        'request.id': currentContext()?.requestId ?? '',
      };
      return telemetry.span('trade.execute', attributes, async (span) => {
        const started = performance.now();
        const { characterId, action, quantity } = order;
        const price = await tradablePrice(order);
        const amount = cents((price ?? 0) * quantity);
        const commission = commissionOn(amount);

        const [row] = await database.query<ExecuteTradeRow>(executeTrade, [
          userId,
          key,
          hashRequest(['trade', characterId, action, quantity]),
          characterId,
          action,
          quantity,
          price ?? null,
          commission,
          currentContext()?.requestId ?? '',
          instance,
          captureCarrier(),
        ]);
        if (!row) throw new Error('execute_trade gave no row');

        span.setAttributes({ 'trade.outcome': row.outcome, 'trade.replayed': row.replayed });
        if (row.trade_id !== null) span.setAttribute('trade.id', String(row.trade_id));
        metrics.tradeDuration.observe(
          { outcome: row.outcome },
          (performance.now() - started) / 1000,
        );

        if (row.outcome === 'key_reused') throw keyReused();
        if (row.outcome === 'no_price') {
          throw unavailable(
            'no-price',
            `There is no price for ${characterId} of the last 3 seconds. Try again.`,
            1,
          );
        }
        if (row.outcome === 'executed' && !row.replayed) {
          metrics.trades.inc({ character: characterId, action, kind: 'market' });
          metrics.tradingVolume.inc({ character: characterId, action }, amount);
          metrics.revenue.inc({ source: 'commission' }, commission);
          metrics.ledgerEntries.inc(row.entry_count);
          if (row.first_trade) metrics.firstTrades.inc();
        }
        return { status: row.status, body: row.body, replayed: row.replayed };
      });
    },
  };
}
