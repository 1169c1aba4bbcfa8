import { z } from 'zod';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Database } from '../../database.ts';
import type { Erasure } from '../../me/erasure.ts';
import { exportOf, SECTION_NAMES } from '../../me/export.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

const confirmation = z.strictObject(
  {
    password: z
      .string({ error: 'expected your password as text' })
      .min(1, { error: 'expected your password' })
      .max(200, { error: 'expected at most 200 characters' }),
  },
  { error: EXPECTED_OBJECT },
);

export interface MeDependencies {
  database: Database;
  erasure: Erasure;
  telemetry: Pick<Telemetry, 'audit'>;
}

/** A customer's own data: all of it, and the end of it. */
export function meEndpoints({ database, erasure, telemetry }: MeDependencies): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/api/me/export',
        operationId: 'exportMe',
        tag: 'Customers',
        summary: 'Everything that is held of you',
        session: true,
        answers: {
          200: {
            description: 'A file with a list for each kind of thing',
            schema: z.object(Object.fromEntries(SECTION_NAMES.map((name) => [name, rowsSchema]))),
          },
        },
      },
      ({ session, request }) =>
        Promise.resolve({
          status: 200,
          parts: exportOf(database, telemetry, session.user.id, request.ip),
          headers: { 'Content-Disposition': 'attachment; filename="crows-nest-export.json"' },
        }),
    ),
    endpoint(
      {
        method: 'delete',
        path: '/api/me',
        operationId: 'eraseMe',
        tag: 'Customers',
        summary: 'Erase what is personal of you, for good',
        description:
          'Name, address, password, sessions, cards and activity go, open orders are cancelled, the subscription ends; trades, payments and the ledger stay, of a customer without a name. The username is free again.',
        session: true,
        body: confirmation,
        answers: { 204: { description: 'Erased; the token is not valid any more' } },
        problems: {
          403: 'The password is wrong; nothing was erased',
          409: 'Payments are pending; nothing was erased',
          429: 'The account is locked, or too many logins failed from this address: Retry-After says for how long',
        },
      },
      async ({ body, session, request }) => {
        await erasure.erase(session, { ...body, address: request.ip ?? 'unknown' });
        return { status: 204 };
      },
    ),
  ];
}
