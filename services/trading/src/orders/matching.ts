import { captureCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { TradeMetrics } from '../metrics/trading.ts';
import { cents } from '../money.ts';
import { TRADABLE_FOR_MS, type QuoteBoard } from '../quotes/quote.ts';
import { countTrade } from '../trades/count-trade.ts';
import type { Side } from './order.ts';

/** Shares of one character that the house sells, and as many that it buys, to open orders in a round: 1,000 a second. */
export const SHARES_PER_ROUND = 250;

/** Orders filled in a round; those left over come with the next. */
export const FILLS_PER_ROUND = 100;

interface Crossing {
  id: number;
  character_id: string;
  side: Side;
  price: number;
  last: number;
  quantity: number;
}

// Of each character the best limits come first, and of equal ones the oldest; they take what there is in this order. Characters
// take turns, so that one with many orders does not keep the others waiting.
const selectCrossing: Statement = {
  name: 'select_crossing_orders',
  operation: 'select',
  table: 'orders',
  text: `WITH crossing AS (
           SELECT q.character_id, q.last, o.*
           FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS q (character_id, bid, ask, last)
           CROSS JOIN LATERAL (
             (SELECT id, side, remaining, q.ask AS price, row_number() OVER (ORDER BY limit_price DESC, id) AS turn FROM orders
              WHERE closed_at IS NULL AND side = 'buy' AND character_id = q.character_id AND limit_price >= q.ask
                AND (expires_at IS NULL OR expires_at > now())
              ORDER BY limit_price DESC, id LIMIT ${FILLS_PER_ROUND})
             UNION ALL
             (SELECT id, side, remaining, q.bid AS price, row_number() OVER (ORDER BY limit_price, id) AS turn FROM orders
              WHERE closed_at IS NULL AND side = 'sell' AND character_id = q.character_id AND limit_price <= q.bid
                AND (expires_at IS NULL OR expires_at > now())
              ORDER BY limit_price, id LIMIT ${FILLS_PER_ROUND})
           ) o
         ), shared AS (
           SELECT *, sum(remaining) OVER (PARTITION BY character_id, side ORDER BY turn) - remaining AS taken FROM crossing
         )
         SELECT id, character_id, side, price, last, least(remaining, ${SHARES_PER_ROUND} - taken)::bigint AS quantity
         FROM shared WHERE taken < ${SHARES_PER_ROUND} ORDER BY turn, id LIMIT ${FILLS_PER_ROUND}`,
};

type Outcome =
  'filled' | 'partially_filled' | 'closed' | 'expired' | 'not_crossing' | 'stale_price' | 'busy';

interface FillOrderRow {
  outcome: Outcome;
  trade_id: number | null;
  quantity: number;
  amount: number;
  commission: number;
  realised_profit: number;
  first_trade: boolean;
  entry_count: number;
}

const fillOrder: Statement = {
  name: 'fill_order',
  operation: 'call',
  table: 'orders',
  text: 'SELECT * FROM fill_order($1, $2, $3, to_timestamp($4::double precision / 1000), $5)',
};

export interface Matching {
  /** Begins a round at these quotes and does not wait for it; while one is under way it does nothing. */
  begin(board: QuoteBoard): void;
  /** Waits for the round that is under way. */
  close(): Promise<void>;
}

export interface MatchingDependencies {
  database: Database;
  telemetry: Pick<Telemetry, 'span' | 'logger' | 'debug'>;
  metrics: TradeMetrics;
}

/** Fills open orders as the quotes reach their limits; begun by whoever leads the market, with each new board. */
export function createMatching(dependencies: MatchingDependencies): Matching {
  let round: Promise<void> | undefined;
  return {
    begin(board) {
      round ??= fillCrossed(dependencies, board)
        .catch((error: unknown) => {
          dependencies.telemetry.logger.warn('Orders not filled, trying again', { error });
        })
        .finally(() => {
          round = undefined;
        });
    },
    async close() {
      await round;
    },
  };
}

/**
 * One round: the orders that these quotes cross are filled, as far as the house's shares of the round go, each in a transaction of its
 * own. What cannot be filled now (its customer is busy, the quotes have become too old) is left for the next round.
 *
 * @param board quotes; characters whose trading is halted are left out
 */
export async function fillCrossed(
  { database, telemetry, metrics }: MatchingDependencies,
  board: QuoteBoard,
): Promise<void> {
  const debug = telemetry.debug('app:matching');
  const quotes = [...board.quotes.values()].filter(({ haltedUntil }) => haltedUntil === null);
  const crossing = await database.query<Crossing>(selectCrossing, [
    quotes.map(({ characterId }) => characterId),
    quotes.map(({ bid }) => bid),
    quotes.map(({ ask }) => ask),
    quotes.map(({ last }) => last),
  ]);

  for (const order of crossing) {
    if (Date.now() - board.quotedAt > TRADABLE_FOR_MS) return;
    // One that fails does not keep the others from being filled.
    await fill(order).catch((error: unknown) => {
      telemetry.logger.warn('Order not filled, trying again', { orderId: order.id, error });
    });
  }

  function fill({ id, character_id: characterId, side, price, last, quantity }: Crossing) {
    const attributes = { 'order.id': String(id), 'character.id': characterId, 'order.side': side };
    return telemetry.span('order.match', attributes, async (span) => {
      const [row] = await database.query<FillOrderRow>(fillOrder, [
        id,
        price,
        quantity,
        board.quotedAt,
        captureCarrier(),
      ]);
      if (!row) throw new Error('fill_order gave no row');
      span.setAttribute('order.outcome', row.outcome);
      debug('An order that the quote has reached', { orderId: id, price, outcome: row.outcome });
      if (row.trade_id === null) return;
      span.setAttribute('trade.id', String(row.trade_id));
      countTrade(metrics, {
        kind: 'limit',
        characterId,
        action: side,
        quantity: row.quantity,
        amount: cents(row.amount),
        commission: cents(row.commission),
        realisedProfit: cents(row.realised_profit),
        firstTrade: row.first_trade,
        entryCount: row.entry_count,
        last: cents(last),
      });
      if (row.outcome === 'filled') metrics.ordersExecuted.inc({ kind: 'limit', side });
    });
  }
}
