import { captureCarrier, currentContext, type Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { hashRequest, keyReused, type KeptAnswer } from '../idempotency/idempotency.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import type { TradeMetrics } from '../metrics/trading.ts';
import { cents, type Cents } from '../money.ts';
import { Problem, unavailable } from '../problem.ts';
import { TRADABLE_FOR_MS, type Quote } from '../quotes/quote.ts';
import type { QuoteReader } from '../quotes/reader.ts';
import { countTrade } from './count-trade.ts';

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
   * @throws {Problem} 422 when the key was used for another order, 409 while trading in the character is halted, 503 when there is no
   *   price of the last 3 seconds; nothing is kept of them
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
  commission: number;
  realised_profit: number;
  first_trade: boolean;
  entry_count: number;
}

const executeTrade: Statement = {
  name: 'execute_trade',
  operation: 'call',
  table: 'trades',
  text: 'SELECT * FROM execute_trade($1, $2, $3, $4, $5, $6, $7, to_timestamp($8::double precision / 1000), $9, $10, $11)',
};

export interface TradesDependencies {
  database: Database;
  quotes: QuoteReader;
  telemetry: Pick<Telemetry, 'span'>;
  metrics: TradeMetrics & Pick<ApiMetrics, 'ordersCreated' | 'ordersRejected' | 'tradeDuration'>;
}

export function createTrades({ database, quotes, telemetry, metrics }: TradesDependencies): Trades {
  const freshBoard = async () => {
    const board = await quotes.current();
    return board && Date.now() - board.quotedAt <= TRADABLE_FOR_MS ? board : undefined;
  };

  const count = ({ characterId, action, quantity }: Order, row: ExecuteTradeRow, quote?: Quote) => {
    const labels = { kind: 'market', side: action };
    if (row.outcome !== 'executed' || !quote) {
      metrics.ordersRejected.inc({ ...labels, reason: row.outcome });
      return;
    }
    metrics.ordersCreated.inc(labels);
    metrics.ordersExecuted.inc(labels);
    countTrade(metrics, {
      kind: 'market',
      characterId,
      action,
      quantity,
      amount: cents(priceOf(quote, action) * quantity),
      commission: cents(row.commission),
      realisedProfit: cents(row.realised_profit),
      firstTrade: row.first_trade,
      entryCount: row.entry_count,
      last: quote.last,
    });
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
        const board = await freshBoard();
        const quote = board?.quotes.get(characterId);
        const haltedUntil = quote?.haltedUntil ?? null;
        const price = quote && haltedUntil === null ? priceOf(quote, action) : undefined;

        const [row] = await database.query<ExecuteTradeRow>(executeTrade, [
          userId,
          key,
          hashRequest(['trade', characterId, action, quantity]),
          characterId,
          action,
          quantity,
          price ?? null,
          board?.quotedAt ?? null,
          currentContext()?.requestId ?? '',
          instance,
          captureCarrier(),
        ]);
        if (!row) throw new Error('execute_trade gave no row');

        const outcome = row.outcome === 'no_price' && haltedUntil !== null ? 'halted' : row.outcome;
        span.setAttributes({ 'trade.outcome': outcome, 'trade.replayed': row.replayed });
        if (row.trade_id !== null) span.setAttribute('trade.id', String(row.trade_id));
        metrics.tradeDuration.observe({ outcome }, (performance.now() - started) / 1000);

        if (row.outcome === 'key_reused') throw keyReused();
        if (row.outcome === 'no_price') {
          metrics.ordersRejected.inc({ kind: 'market', side: action, reason: outcome });
          throw haltedUntil === null ? noPrice(characterId) : halted(characterId, haltedUntil);
        }
        if (!row.replayed) count(order, row, quote);
        return { status: row.status, body: row.body, replayed: row.replayed };
      });
    },
  };
}

/** What a share costs or brings. */
function priceOf({ bid, ask }: Quote, action: Order['action']): Cents {
  return action === 'buy' ? ask : bid;
}

function noPrice(characterId: string): Problem {
  const detail = `There is no price for ${characterId} of the last 3 seconds. Try again.`;
  return unavailable('no-price', detail, 1);
}

/** The market at work, and no fault of ours: so a 409, which counts neither as an error nor against an SLO. */
function halted(characterId: string, until: number): Problem {
  const seconds = Math.max(1, Math.ceil((until - Date.now()) / 1000));
  return new Problem({
    status: 409,
    code: 'trading-halted',
    title: 'Trading is halted',
    detail: `Trading in ${characterId} is halted until ${new Date(until).toISOString()}, because its price moved too far. Try again then.`,
    headers: { 'Retry-After': String(seconds) },
  });
}
