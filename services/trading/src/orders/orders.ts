import { captureCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { Database, Queryable, Statement } from '../database.ts';
import { idempotently, type KeptAnswer } from '../idempotency/idempotency.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import { pageOf, type Page, type PageRequest } from '../page.ts';
import { invalidRequest, Problem } from '../problem.ts';
import {
  ORDER_COLUMNS,
  orderOf,
  type Order,
  type OrderRow,
  type OrderStatus,
  type Side,
} from './order.ts';

/** Orders of one customer that may be open at a time. */
export const OPEN_LIMIT = 200;

const LONGEST_DAYS = 30;

/** What is asked for: buy at most, or sell at least, at the limit. */
export interface NewOrder {
  characterId: string;
  side: Side;
  /** Whole shares, 1 to 1,000,000. */
  quantity: number;
  /** Cents a share, 1 to 1,000,000,000. */
  limitPrice: number;
  /** Until then at the latest, and at most 30 days from now; without it until it is filled or cancelled. */
  expiresAt?: Date | undefined;
}

export interface PlaceRequest {
  userId: string;
  /** The caller's Idempotency-Key. */
  key: string;
  order: NewOrder;
  /** The path asked, for a refusal's `instance`. */
  instance: string;
}

export interface Orders {
  /**
   * Places a limit order, once per key, and holds back what it takes. It needs no quote: one that the market crosses already is
   * filled with the next.
   *
   * @returns 201 with the order, or 404 or 409 with a problem as body
   * @throws {Problem} 400 for an expiry that is over or too far, 422 when the key was used for another request
   */
  place(request: PlaceRequest): Promise<KeptAnswer>;
  /** @throws {Problem} 404 */
  get(userId: string, id: number): Promise<Order>;
  /** Newest first. */
  list(userId: string, page: PageRequest, status?: OrderStatus): Promise<Page<Order>>;
  /**
   * Cancels what is not filled yet, and gives back what was held for it; once cancelled it answers the same again.
   *
   * @throws {Problem} 404; 409 when it is filled or expired
   */
  cancel(userId: string, id: number): Promise<Order>;
  /** Cancels all that are open, on the given connection. @returns what counts them, to be called after the commit */
  cancelAll(connection: Queryable, userId: string): Promise<() => void>;
}

type Refusal =
  'unknown_character' | 'too_many_orders' | 'insufficient_funds' | 'insufficient_holding';

interface PlaceOrderRow {
  outcome: 'placed' | Refusal;
  order_id: number | null;
  /** Cents or shares, as the following. */
  needed: number;
  available: number;
}

const placeOrder: Statement = {
  name: 'place_order',
  operation: 'call',
  table: 'orders',
  text: 'SELECT * FROM place_order($1, $2, $3, $4, $5, $6, $7, $8)',
};

const closeOrder: Statement = {
  name: 'close_order',
  operation: 'call',
  table: 'orders',
  text: "SELECT close_order($1, $2, 'cancelled', $3) AS closed",
};

const closeOrders: Statement = {
  name: 'close_orders_of_user',
  operation: 'call',
  table: 'orders',
  text: `SELECT side, close_order(user_id, id, 'cancelled', $2) AS closed FROM orders
         WHERE user_id = $1 AND status IN ('open', 'partially_filled')`,
};

const selectOrder: Statement = {
  name: 'select_order',
  operation: 'select',
  table: 'orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders WHERE id = $2 AND user_id = $1`,
};

const selectOrders: Statement = {
  name: 'select_orders',
  operation: 'select',
  table: 'orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
};

const selectOrdersOfStatus: Statement = {
  name: 'select_orders_of_status',
  operation: 'select',
  table: 'orders',
  text: `SELECT ${ORDER_COLUMNS} FROM orders WHERE user_id = $1 AND id < $2 AND status = $4 ORDER BY id DESC LIMIT $3`,
};

export interface OrdersDependencies {
  database: Database;
  telemetry: Pick<Telemetry, 'span'>;
  metrics: Pick<
    ApiMetrics,
    'ordersCreated' | 'ordersRejected' | 'ordersCancelled' | 'ledgerEntries'
  >;
}

export function createOrders({ database, telemetry, metrics }: OrdersDependencies): Orders {
  const find = async (connection: Queryable, userId: string, id: number) => {
    const [row] = await connection.query<OrderRow>(selectOrder, [userId, id]);
    if (!row) throw unknownOrder(id);
    return orderOf(row);
  };

  return {
    place: ({ userId, key, order, instance }) => {
      const { characterId, side, quantity, limitPrice, expiresAt } = order;
      const attributes = {
        'user.id': userId,
        'character.id': characterId,
        'order.side': side,
        'order.quantity': quantity,
        'order.limit_price': limitPrice,
      };
      return telemetry.span('order.place', attributes, async (span) => {
        let outcome: PlaceOrderRow['outcome'] | undefined;
        const request = ['order', characterId, side, quantity, limitPrice, expiresAt ?? null];
        const answer = await idempotently(
          database,
          { userId, key, request, instance },
          async (connection) => {
            checkExpiry(expiresAt);
            const [row] = await connection.query<PlaceOrderRow>(placeOrder, [
              userId,
              characterId,
              side,
              quantity,
              limitPrice,
              expiresAt ?? null,
              OPEN_LIMIT,
              captureCarrier(),
            ]);
            if (!row) throw new Error('place_order gave no row');
            outcome = row.outcome;
            span.setAttribute('order.outcome', row.outcome);
            if (row.order_id === null) return refusal(order, row);
            span.setAttribute('order.id', String(row.order_id));
            return { status: 201, body: await find(connection, userId, row.order_id) };
          },
        );
        span.setAttribute('order.replayed', answer.replayed);
        if (outcome === 'placed') {
          metrics.ordersCreated.inc({ kind: 'limit', side });
          metrics.ledgerEntries.inc(2);
        } else if (outcome !== undefined) {
          metrics.ordersRejected.inc({ kind: 'limit', side, reason: outcome });
        }
        return answer;
      });
    },

    get: (userId, id) => find(database, userId, id),

    async list(userId, page, status) {
      return pageOf(page, async (before, limit) => {
        const rows = await (status === undefined
          ? database.query<OrderRow>(selectOrders, [userId, before, limit])
          : database.query<OrderRow>(selectOrdersOfStatus, [userId, before, limit, status]));
        return rows.map(orderOf);
      });
    },

    cancel: (userId, id) =>
      telemetry.span('order.cancel', { 'user.id': userId, 'order.id': String(id) }, async () => {
        const [row] = await database.query<{ closed: boolean }>(closeOrder, [
          userId,
          id,
          captureCarrier(),
        ]);
        const order = await find(database, userId, id);
        if (row?.closed) {
          metrics.ordersCancelled.inc({ kind: 'limit', side: order.side });
          metrics.ledgerEntries.inc(2);
        }
        if (order.status !== 'cancelled') throw orderClosed(order);
        return order;
      }),

    async cancelAll(connection, userId) {
      const values = [userId, captureCarrier()];
      const rows = await connection.query<{ side: Side }>(closeOrders, values);
      return () => {
        for (const { side } of rows) {
          metrics.ordersCancelled.inc({ kind: 'limit', side });
          metrics.ledgerEntries.inc(2);
        }
      };
    },
  };
}

/** Looked at only where the order is new: the answer to one placed before is repeated also when its time is over. */
function checkExpiry(expiresAt: Date | undefined): void {
  if (expiresAt === undefined) return;
  const ahead = expiresAt.getTime() - Date.now();
  if (ahead > 0 && ahead <= LONGEST_DAYS * 86_400_000) return;
  const message = `expected a time in the next ${LONGEST_DAYS} days, got ${expiresAt.toISOString()}`;
  throw invalidRequest([{ field: 'expiresAt', message }]);
}

function refusal(order: NewOrder, { outcome, needed, available }: PlaceOrderRow): Problem {
  const { characterId, side, quantity, limitPrice } = order;
  const refused = (status: number, title: string, detail: string) =>
    new Problem({ status, code: outcome.replaceAll('_', '-'), title, detail });
  switch (outcome) {
    case 'unknown_character':
      return refused(
        404,
        'Unknown character',
        `No character has the id "${characterId}". GET /api/characters lists them.`,
      );
    case 'too_many_orders':
      return refused(
        409,
        'Too many open orders',
        `At most ${OPEN_LIMIT} orders may be open at a time. Cancel one, or wait until one is filled.`,
      );
    case 'insufficient_funds':
      return refused(
        409,
        'Insufficient funds',
        `An order to buy ${quantity} shares at ${limitPrice} cents holds back ${needed} cents with its commission; ${available} are free.`,
      );
    case 'insufficient_holding':
      return refused(
        409,
        'Insufficient holding',
        `An order to ${side} ${quantity} shares holds back as many; ${available} are free.`,
      );
    case 'placed':
      throw new Error('An order that was placed is not refused');
  }
}

function unknownOrder(id: number): Problem {
  return new Problem({
    status: 404,
    code: 'unknown-order',
    title: 'Unknown order',
    detail: `You have no order ${id}. GET /api/orders lists yours.`,
  });
}

function orderClosed({ id, status }: Order): Problem {
  return new Problem({
    status: 409,
    code: 'order-closed',
    title: 'Order closed',
    detail: `Order ${id} is ${status}; only what is open can be cancelled.`,
  });
}
