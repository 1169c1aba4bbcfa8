import { z } from 'zod';
import type { Trades } from '../../trades/trades.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';
import {
  action,
  centsSchema,
  characterId,
  quantity,
  sharesSchema,
  timeSchema,
} from '../schemas.ts';

const order = z.strictObject({ characterId, quantity, action }, { error: EXPECTED_OBJECT });

export const tradeSchema = z.object({
  id: z.string(),
  characterId: z.string(),
  action: z.enum(['buy', 'sell']),
  quantity: sharesSchema,
  price: centsSchema,
  amount: centsSchema,
  commission: centsSchema,
  executedAt: timeSchema,
});

export function tradeEndpoints(trades: Trades): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/trade',
        operationId: 'trade',
        tag: 'Trading',
        summary: 'Buy or sell at the current quote',
        session: true,
        idempotencyKey: true,
        body: order,
        answers: {
          201: {
            description: 'Executed; with what the customer has now',
            schema: z.object({ trade: tradeSchema, cash: centsSchema, quantity: sharesSchema }),
          },
        },
        problems: {
          404: 'There is no such character',
          409: 'Not enough cash, or not enough shares',
          503: 'There is no price of the last 3 seconds; nothing was kept, try again',
        },
      },
      ({ body, session, idempotencyKey, request }) =>
        trades.execute({
          userId: session.user.id,
          key: idempotencyKey,
          order: body,
          instance: request.path,
        }),
    ),
  ];
}
