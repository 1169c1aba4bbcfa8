import { z } from 'zod';
import { ORDER_STATUSES } from '../../orders/order.ts';
import type { Orders } from '../../orders/orders.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';
import {
  centsSchema,
  characterId,
  id,
  pageJson,
  pageQuery,
  pageSchema,
  quantity,
  sharesSchema,
  timeSchema,
} from '../schemas.ts';

const LIMIT_PRICE = 'expected whole cents from 1 to 1000000000';

const newOrder = z.strictObject(
  {
    characterId,
    side: z.enum(['buy', 'sell'], { error: 'expected buy or sell' }),
    quantity,
    limitPrice: z
      .int({ error: LIMIT_PRICE })
      .min(1, { error: LIMIT_PRICE })
      .max(1_000_000_000, { error: LIMIT_PRICE }),
    expiresAt: z.iso
      .datetime({ error: 'expected a time in ISO 8601 and UTC, such as 2026-12-01T12:00:00Z' })
      .optional()
      .describe('At most 30 days from now; without it the order stays until it is filled'),
  },
  { error: EXPECTED_OBJECT },
);

const status = z.enum(ORDER_STATUSES, { error: `expected one of ${ORDER_STATUSES.join(', ')}` });

const orderSchema = z.object({
  id: z.string(),
  characterId: z.string(),
  side: z.enum(['buy', 'sell']),
  quantity: sharesSchema,
  limitPrice: centsSchema,
  filled: sharesSchema,
  remaining: sharesSchema,
  cancelled: sharesSchema.describe('What was left when it was cancelled or expired'),
  status,
  amount: centsSchema.describe('Of all fills, without commission'),
  commission: centsSchema.describe('On all fills together'),
  reserved: z
    .int()
    .min(0)
    .describe('Held back for the rest: cents of a purchase, shares of a sale'),
  expiresAt: timeSchema.nullable(),
  createdAt: timeSchema,
  closedAt: timeSchema.nullable(),
});

const params = z.object({ id });
const UNKNOWN = 'You have no such order';

export function orderEndpoints(orders: Orders): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/orders',
        operationId: 'placeOrder',
        tag: 'Orders',
        summary: 'Buy or sell when the quote reaches a limit',
        description:
          'A purchase fills at the ask once that is at or below the limit, a sale at the bid once that is at or above it; perhaps in ' +
          'parts. What it takes at most is held back until then.',
        session: true,
        idempotencyKey: true,
        body: newOrder,
        answers: { 201: { description: 'Placed', schema: orderSchema } },
        problems: {
          404: 'There is no such character',
          409: 'Not enough cash or shares are free, or too many orders are open',
        },
      },
      ({ body: { expiresAt, ...order }, session, idempotencyKey, request }) =>
        orders.place({
          userId: session.user.id,
          key: idempotencyKey,
          order: {
            ...order,
            ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
          },
          instance: request.path,
        }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/orders',
        operationId: 'listOrders',
        tag: 'Orders',
        summary: 'Your limit orders, newest first',
        session: true,
        query: z.strictObject({ ...pageQuery, status: status.optional() }),
        answers: {
          200: { description: 'A page of them', schema: pageSchema('orders', orderSchema) },
        },
      },
      async ({ session, query: { status: ofStatus, ...page } }) => ({
        status: 200,
        json: pageJson('orders', await orders.list(session.user.id, page, ofStatus)),
      }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/orders/:id',
        operationId: 'getOrder',
        tag: 'Orders',
        summary: 'One of your limit orders',
        session: true,
        params,
        answers: { 200: { description: 'The order', schema: orderSchema } },
        problems: { 404: UNKNOWN },
      },
      async ({ session, params: { id: orderId } }) => ({
        status: 200,
        json: await orders.get(session.user.id, orderId),
      }),
    ),
    endpoint(
      {
        method: 'delete',
        path: '/api/orders/:id',
        operationId: 'cancelOrder',
        tag: 'Orders',
        summary: 'Cancel what is not filled yet',
        description:
          'What was held back is free again. One that is cancelled already is answered again.',
        session: true,
        params,
        answers: { 200: { description: 'The order, cancelled', schema: orderSchema } },
        problems: { 404: UNKNOWN, 409: 'It is filled or expired' },
      },
      async ({ session, params: { id: orderId } }) => ({
        status: 200,
        json: await orders.cancel(session.user.id, orderId),
      }),
    ),
  ];
}
