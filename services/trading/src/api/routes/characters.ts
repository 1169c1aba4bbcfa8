import { z } from 'zod';
import { INTERVALS, startOf } from '../../history/candle.ts';
import type { History } from '../../history/history.ts';
import type { Portfolio } from '../../portfolio/portfolio.ts';
import { DELAY_MS } from '../../quotes/reader.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { wholeNumber } from '../input.ts';
import { centsSchema, characterId, sharesSchema, timeSchema } from '../schemas.ts';

const characterSchema = z.object({
  id: z.string(),
  name: z.string(),
  bid: centsSchema.nullable(),
  ask: centsSchema.nullable(),
  last: centsSchema.nullable(),
  open: centsSchema.nullable().describe('The first price of the day (UTC)'),
  change: z
    .number()
    .nullable()
    .describe('From `open` to `last`, as a ratio to 4 decimals: 0.0123 is 1.23 % up'),
  halted: z.boolean().describe('Whether trading has stopped, because the price moved too far'),
  haltedUntil: timeSchema.nullable(),
  quotedAt: timeSchema.nullable(),
  quantity: sharesSchema.describe('What you hold'),
  value: centsSchema.describe('What that would bring: quantity × bid'),
});

const candleSchema = z.object({
  startsAt: timeSchema,
  open: centsSchema,
  high: centsSchema,
  low: centsSchema,
  close: centsSchema,
});

const idInPath = z.object({ id: characterId });

const historyQuery = z.strictObject({
  interval: z
    .enum(INTERVALS, { error: `expected ${INTERVALS.join(', ')}` })
    .default('1h')
    .describe('A minute, an hour or a day (UTC). Minutes are kept for 2 days, hours for 90'),
  before: z.iso
    .datetime({ error: 'expected a time like 2026-11-21T12:00:00.000Z' })
    .optional()
    .describe("Only what begins before this: the first candle's startsAt, for the page before it"),
  limit: wholeNumber(1, 500).default(100),
});

const unknownCharacter = 'There is no such character';

/** The market: characters, their quotes and how their prices were. */
export function characterEndpoints(portfolio: Portfolio, history: History): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/api/characters',
        operationId: 'listCharacters',
        tag: 'Market',
        summary: 'Every character with its quote and what you hold of it',
        session: true,
        answers: {
          200: {
            description: 'The market; prices are null before it ever opened',
            schema: z.object({
              characters: z.array(characterSchema),
              portfolioValue: centsSchema,
              cash: centsSchema,
            }),
          },
        },
      },
      async ({ session }) => ({ status: 200, json: await portfolio.characters(session.user) }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/characters/:id',
        operationId: 'getCharacter',
        tag: 'Market',
        summary: 'One character with its quote and what you hold of it',
        session: true,
        params: idInPath,
        answers: { 200: { description: 'The character', schema: characterSchema } },
        problems: { 404: unknownCharacter },
      },
      async ({ params, session }) => ({
        status: 200,
        json: await portfolio.character(session.user, params.id),
      }),
    ),
    endpoint(
      {
        method: 'get',
        path: '/api/characters/:id/history',
        operationId: 'getHistory',
        tag: 'Market',
        summary: 'How the price was: the newest candles, oldest first',
        session: true,
        params: idInPath,
        query: historyQuery,
        answers: {
          200: {
            description:
              'Candles of the sampled prices; the last one is still growing for subscribers and left out for others, and a time in which nothing was quoted has none',
            schema: z.object({
              characterId: z.string(),
              interval: z.enum(INTERVALS),
              candles: z.array(candleSchema),
            }),
          },
        },
        problems: { 404: unknownCharacter },
      },
      async ({ params: { id }, query: { interval, before, limit }, session }) => {
        const asked = before === undefined ? Infinity : Date.parse(before);
        // The candle that is growing tells the price of this second.
        const complete = startOf(interval, Date.now() - DELAY_MS).getTime();
        const until = session.user.realtime ? asked : Math.min(asked, complete);
        const page = { limit, ...(until === Infinity ? {} : { before: new Date(until) }) };
        const candles = await history.candles(id, interval, page);
        return { status: 200, json: { characterId: id, interval, candles } };
      },
    ),
  ];
}
