import { createHash, timingSafeEqual } from 'node:crypto';

import express, { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import { z } from 'zod';

import type { Processor } from './processor.ts';
import { Refusal } from './refusal.ts';
import type { Kind } from './transactions.ts';

const order = z.strictObject({
  amount: z.int().min(1).max(1_000_000_000),
  currency: z.literal('BERRY'),
  card: z.string().max(64),
  reference: z.string().min(1).max(128),
});
const query = z.strictObject({ reference: z.string().min(1).max(128) });

/**
 * The gateway's API for its merchant, in the manner of Stripe's (https://docs.stripe.com/api/charges): answers 201 with a
 * pending charge, or 200 with the one that was begun with the same Idempotency-Key; the outcome comes by webhook, and can
 * be asked for. Errors are `{ error: { code, message } }`.
 */
export function gatewayRoutes(processor: Processor, merchantKey: string): Router {
  const router = Router();
  router.use(onlyMerchant(merchantKey));
  router.use(async (_request, response, next) => {
    await processor.hang();
    // Who has given up by then asks again, and nothing has been done.
    if (!response.closed) next();
  });
  router.use(express.json({ limit: '10kb', inflate: false }));
  for (const kind of ['charge', 'payout'] as const) {
    router.use(`/${kind}s`, transactionRoutes(processor, kind));
  }
  router.use(errors);
  return router;
}

function transactionRoutes(processor: Processor, kind: Kind): Router {
  const router = Router();
  const { transactions } = processor;

  router.post('/', async (request, response) => {
    const key = request.get('Idempotency-Key') ?? '';
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new Refusal(
        400,
        'invalid_request',
        'Expected an Idempotency-Key of 1 to 255 visible characters.',
      );
    }
    const { transaction, replayed } = await processor.begin(
      kind,
      checked(order, request.body),
      key,
    );
    response.status(replayed ? 200 : 201).json(transaction);
  });

  router.get('/', (request, response) => {
    const { reference } = checked(query, request.query);
    response.json({ data: transactions.byReference(kind, reference) });
  });

  router.get('/:id', (request, response) => {
    const transaction = transactions.byId(kind, request.params.id);
    if (transaction === undefined) throw new Refusal(404, 'not_found', `There is no such ${kind}.`);
    response.json(transaction);
  });
  return router;
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'invalid_request', z.prettifyError(parsed.error));
}

/** Hashed before they are compared, so that the time taken tells nothing, not even the length. */
function onlyMerchant(merchantKey: string): RequestHandler {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const expected = hash(`Bearer ${merchantKey}`);
  return (request, _response, next) => {
    if (!timingSafeEqual(hash(request.get('Authorization') ?? ''), expected)) {
      throw new Refusal(
        401,
        'unauthorized',
        'Send the merchant key as "Authorization: Bearer <key>".',
      );
    }
    next();
  };
}

const errors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent || !(error instanceof Error)) {
    next(error);
    return;
  }
  if (error instanceof Refusal) {
    const { status, code, message } = error;
    response.status(status).json({ error: { code, message } });
    return;
  }
  // Errors of the body parser say by `status` what is wrong with the request.
  const status = 'status' in error ? Number(error.status) : 500;
  if (status >= 400 && status < 500) {
    response.status(status).json({ error: { code: 'invalid_request', message: error.message } });
  } else {
    next(error);
  }
};
