import { Router, type Request } from 'express';
import { z } from 'zod';
import { invalidRequest } from '../../problem.ts';
import type { Trades } from '../../trades/trades.ts';
import type { Authenticated } from '../authenticated.ts';
import { bodyOf, EXPECTED_OBJECT, jsonBody } from '../json-body.ts';
import { methodNotAllowed } from '../problems.ts';

const QUANTITY = 'expected a whole number from 1 to 1000000';

export const tradeSchema = z.strictObject(
  {
    characterId: z
      .string({ error: "expected a character's id as text" })
      .regex(/^[a-z0-9-]{1,64}$/, {
        error: "expected a character's id, as in GET /api/characters",
      }),
    quantity: z
      .int({ error: QUANTITY })
      .min(1, { error: QUANTITY })
      .max(1_000_000, { error: QUANTITY }),
    action: z.enum(['buy', 'sell'], { error: 'expected buy or sell' }),
  },
  { error: EXPECTED_OBJECT },
);

export function tradeRoutes(trades: Trades, authenticated: Authenticated): Router {
  const router = Router();

  router
    .route('/api/trade')
    .post(
      jsonBody,
      authenticated(async (request, response, session) => {
        const key = idempotencyKeyOf(request);
        const order = bodyOf(tradeSchema, request);
        const answer = await trades.execute({
          userId: session.user.id,
          key,
          order,
          instance: request.path,
        });
        if (answer.replayed) response.set('Idempotency-Replayed', 'true');
        response
          .status(answer.status)
          .type(answer.status < 400 ? 'application/json' : 'application/problem+json')
          .send(answer.body);
      }),
    )
    .all(methodNotAllowed('POST'));

  return router;
}

/** 1 to 128 visible ASCII characters; a header that came twice has a space in it, and is refused. */
function idempotencyKeyOf(request: Request): string {
  const key = request.get('Idempotency-Key') ?? '';
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) {
    const message = 'expected one header of 1 to 128 visible ASCII characters, new for each order';
    throw invalidRequest([{ field: 'Idempotency-Key', message }]);
  }
  return key;
}
