import { z } from 'zod';
import type { Subscriptions } from '../../subscriptions/subscriptions.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';
import { cardToken, centsSchema, timeSchema } from '../schemas.ts';

const subscribe = z.strictObject({ card: cardToken }, { error: EXPECTED_OBJECT });

const subscriptionSchema = z.object({
  status: z.enum(['pending', 'active', 'past_due', 'cancelled', 'ended']),
  card: z.string(),
  price: centsSchema,
  currentPeriodEnd: timeSchema.nullable().describe('Until when it is paid'),
  nextChargeAt: timeSchema
    .nullable()
    .describe('Null while a charge is under way, or none will come'),
});

/** The real-time plan: its subscribers see quotes as they are, all others 5 s late. */
export function subscriptionEndpoints(subscriptions: Subscriptions): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/subscription',
        operationId: 'subscribe',
        tag: 'Real time',
        summary: 'Subscribe to quotes in real time',
        description:
          'Begins when the card is charged, and renews itself. Also takes up a cancelled subscription again, and has another ' +
          'card charged for one that is past due.',
        session: true,
        idempotencyKey: true,
        body: subscribe,
        answers: {
          202: {
            description: 'Taken on',
            schema: z.object({ subscription: subscriptionSchema }),
          },
        },
        problems: { 409: 'It is active already, or a charge for it is under way' },
      },
      ({ body, session, idempotencyKey, request }) =>
        subscriptions.start({
          userId: session.user.id,
          key: idempotencyKey,
          card: body.card,
          instance: request.path,
          address: request.ip,
        }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/subscription',
        operationId: 'getSubscription',
        tag: 'Real time',
        summary: 'Your subscription',
        session: true,
        answers: {
          200: {
            description: 'The subscription; null for whoever never had any',
            schema: z.object({ subscription: subscriptionSchema.nullable() }),
          },
        },
      },
      async ({ session }) => ({
        status: 200,
        json: { subscription: await subscriptions.of(session.user.id) },
      }),
    ),
    endpoint(
      {
        method: 'delete',
        path: '/api/subscription',
        operationId: 'unsubscribe',
        tag: 'Real time',
        summary: 'Cancel the subscription',
        description: 'It runs until the end of the period that is paid, and is not charged again.',
        session: true,
        answers: {
          200: {
            description: 'Cancelled, now or before',
            schema: z.object({ subscription: subscriptionSchema }),
          },
        },
        problems: { 404: 'There is no subscription' },
      },
      async ({ session, request }) => ({
        status: 200,
        json: { subscription: await subscriptions.cancel(session.user.id, request.ip) },
      }),
    ),
  ];
}
