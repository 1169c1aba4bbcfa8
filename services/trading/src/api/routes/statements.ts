import { z } from 'zod';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Statements } from '../../statements/statements.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { centsSchema, sharesSchema } from '../schemas.ts';

const statementSchema = z.object({
  date: z.iso.date(),
  final: z.boolean().describe('Whether the day is over; then the statement stays as it is'),
  openingCash: centsSchema,
  closingCash: centsSchema.describe(
    'openingCash - bought + sold - commission + deposits - withdrawals + adjustments',
  ),
  bought: centsSchema,
  sold: centsSchema,
  commission: centsSchema,
  deposits: centsSchema,
  withdrawals: centsSchema,
  adjustments: centsSchema.describe(
    'What came or went otherwise: the starting credit, corrections',
  ),
  realisedProfit: centsSchema,
  trades: z.int().min(0).describe('How many'),
  holdings: z.array(z.object({ characterId: z.string(), quantity: sharesSchema })),
});

const DATE = 'expected a day as YYYY-MM-DD, such as 2026-12-01';

// There is no year 0 in Postgres.
const date = z.iso.date({ error: DATE }).refine((day) => !day.startsWith('0000'), { error: DATE });

export function statementEndpoints(
  statements: Statements,
  telemetry: Pick<Telemetry, 'audit'>,
): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/api/statements/:date',
        operationId: 'getStatement',
        tag: 'Portfolio',
        summary: 'Your day, midnight to midnight UTC',
        session: true,
        params: z.object({ date }),
        answers: { 200: { description: 'The statement', schema: statementSchema } },
        problems: { 404: 'The day is still to come, or was before you became a customer' },
      },
      async ({ session, params, request }) => {
        const statement = await statements.get(session.user.id, params.date);
        telemetry.audit({
          action: 'data.statement',
          outcome: 'success',
          actor: session.user.id,
          address: request.ip,
          target: `statement:${params.date}`,
        });
        return { status: 200, json: statement };
      },
    ),
  ];
}
