import { z } from 'zod';
import type { TradeHistory } from '../../trades/history.ts';
import type { Trades } from '../../trades/trades.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';
import {
  action,
  centsSchema,
  characterId,
  pageJson,
  pageQuery,
  pageSchema,
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

const pastTradeSchema = tradeSchema.extend({
  kind: z.enum(['market', 'limit']),
  orderId: z.string().nullable().describe('The limit order that it filled'),
  realisedProfit: centsSchema.describe('Of a sale: proceeds less commission and average cost'),
});

export function tradeEndpoints(trades: Trades, history: TradeHistory): Endpoint[] {
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
          409: 'Not enough cash, or not enough shares; or trading in the character is halted: nothing was kept, try again',
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
    endpoint(
      {
        method: 'get',
        path: '/api/trades',
        operationId: 'listTrades',
        tag: 'Trading',
        summary: 'Your trades, newest first',
        session: true,
        query: z.strictObject({ ...pageQuery, characterId: characterId.optional() }),
        answers: {
          200: { description: 'A page of them', schema: pageSchema('trades', pastTradeSchema) },
        },
      },
      async ({ session, query: { characterId: ofCharacter, ...page } }) => ({
        status: 200,
        json: pageJson('trades', await history.list(session.user.id, page, ofCharacter)),
      }),
    ),
  ];
}
