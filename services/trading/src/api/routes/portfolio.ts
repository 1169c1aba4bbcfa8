import { z } from 'zod';
import type { Portfolio } from '../../portfolio/portfolio.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { centsSchema, sharesSchema } from '../schemas.ts';

const holdingSchema = z.object({
  characterId: z.string(),
  name: z.string(),
  quantity: sharesSchema,
  reserved: sharesSchema.describe('Of them, held back by open orders'),
  averageCost: centsSchema.describe('A share, to the nearest cent'),
  cost: centsSchema.describe('Paid for all of them, with the commission'),
  bid: centsSchema.nullable(),
  value: centsSchema,
  realisedProfit: centsSchema.describe('Of sales so far, over their average cost'),
  unrealisedProfit: centsSchema.describe('Their value less their cost'),
});

/** What a customer has. */
export function portfolioEndpoints(portfolio: Portfolio): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/api/portfolio',
        operationId: 'getPortfolio',
        tag: 'Portfolio',
        summary: 'What you have',
        session: true,
        answers: {
          200: {
            description: 'Cash and holdings, valued at the bid',
            schema: z.object({
              cash: centsSchema.describe('Free to be spent'),
              reservedCash: centsSchema.describe('Held back by open orders'),
              holdings: z.array(holdingSchema),
              portfolioValue: centsSchema,
              realisedProfit: centsSchema.describe('Of all sales, with what is sold out'),
              unrealisedProfit: centsSchema,
              equity: centsSchema.describe('All cash and the value of all holdings'),
            }),
          },
        },
      },
      async ({ session }) => ({ status: 200, json: await portfolio.holdings(session.user) }),
    ),
  ];
}
