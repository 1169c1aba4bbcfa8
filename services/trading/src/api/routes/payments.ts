import { z } from 'zod';
import type { Payments } from '../../payments/payments.ts';
import { eventSchema, type Webhooks } from '../../payments/webhooks.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT, rawBodyOf } from '../input.ts';
import {
  cardToken,
  centsSchema,
  moneyFrom,
  pageJson,
  pageQuery,
  pageSchema,
  timeSchema,
} from '../schemas.ts';

const MOST = 1_000_000_000;

const deposit = z.strictObject(
  { amount: moneyFrom(100, MOST), card: cardToken },
  { error: EXPECTED_OBJECT },
);
const withdrawal = z.strictObject(
  { amount: moneyFrom(1, MOST), card: cardToken },
  { error: EXPECTED_OBJECT },
);

const paymentSchema = z.object({
  id: z.string(),
  kind: z.enum(['deposit', 'withdrawal', 'subscription']),
  amount: centsSchema,
  card: z.string(),
  status: z.enum(['pending', 'succeeded', 'failed']),
  reason: z.string().nullable().describe('Why it failed'),
  createdAt: timeSchema,
  settledAt: timeSchema.nullable(),
});

const accepted = {
  202: {
    description: 'Asked for; GET /api/payments tells what comes of it',
    schema: z.object({ payment: paymentSchema }),
  },
};

/** Money in and out through the card gateway, and what the gateway tells of it. */
export function paymentEndpoints(payments: Payments, webhooks: Webhooks): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/payments/deposits',
        operationId: 'deposit',
        tag: 'Payments',
        summary: 'Take money from a card',
        description:
          'The account is credited when the card gateway has it, as a rule within seconds.',
        session: true,
        idempotencyKey: true,
        body: deposit,
        answers: accepted,
        problems: { 409: 'Too many payments are pending' },
      },
      ({ body, session, idempotencyKey, request }) =>
        payments.deposit({
          userId: session.user.id,
          key: idempotencyKey,
          ...body,
          instance: request.path,
          address: request.ip,
        }),
    ),
    endpoint(
      {
        method: 'post',
        path: '/api/payments/withdrawals',
        operationId: 'withdraw',
        tag: 'Payments',
        summary: 'Pay money out to a card',
        description:
          'The money leaves the account at once, and comes back should the card refuse it.',
        session: true,
        idempotencyKey: true,
        body: withdrawal,
        answers: accepted,
        problems: { 409: 'Not enough cash, or too many payments are pending' },
      },
      ({ body, session, idempotencyKey, request }) =>
        payments.withdraw({
          userId: session.user.id,
          key: idempotencyKey,
          ...body,
          instance: request.path,
          address: request.ip,
        }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/payments',
        operationId: 'listPayments',
        tag: 'Payments',
        summary: 'Your payments, newest first',
        session: true,
        query: z.strictObject(pageQuery),
        answers: {
          200: {
            description: 'A page of payments',
            schema: pageSchema('payments', paymentSchema),
          },
        },
      },
      async ({ session, query }) => ({
        status: 200,
        json: pageJson('payments', await payments.list(session.user.id, query)),
      }),
    ),
    endpoint(
      {
        method: 'post',
        path: '/webhooks/payments',
        operationId: 'receivePaymentWebhook',
        tag: 'Webhooks',
        summary: 'What the card gateway tells',
        description:
          'Signed in the header Gateway-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">. ' +
          // So that the gateway does not send again what another attempt would not change.
          'Answers 200 to every event that is genuine, also to one that came before or is about no payment of ours.',
        body: eventSchema,
        answers: {
          200: {
            description: 'Taken in',
            schema: z.object({
              outcome: z.enum([
                'settled',
                'settled_before',
                'pending',
                'duplicate',
                'unknown',
                'mismatch',
              ]),
            }),
          },
        },
        problems: {
          400: 'It is not an event, the signature is wrong, or it is older than 5 minutes',
        },
      },
      async ({ body, request }) => {
        const delivery = {
          signature: request.get('Gateway-Signature') ?? '',
          body: rawBodyOf(request),
          address: request.ip ?? 'unknown',
        };
        const outcome = await webhooks.receive(delivery, body);
        return { status: 200, json: { outcome } };
      },
    ),
  ];
}
