import { z } from 'zod';
import type { Research } from '../../research/research.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { characterId, timeSchema } from '../schemas.ts';

const noteSchema = z.object({
  characterId: z.string(),
  title: z.string(),
  body: z.string(),
  access: z.enum(['public', 'private']).describe('private: for subscribers'),
  publishedAt: timeSchema,
});

/** What the house writes about characters. */
export function researchEndpoints(research: Research): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: '/api/characters/:id/research',
        operationId: 'getResearch',
        tag: 'Market',
        summary: 'A research note on a character; some are for subscribers only',
        session: true,
        params: z.object({ id: characterId }),
        answers: { 200: { description: 'The note', schema: noteSchema } },
        problems: {
          403: 'The note is for subscribers to the real-time plan (subscription-required)',
          404: 'There is no such character',
        },
      },
      async ({ params, session }) => ({
        status: 200,
        json: await research.note(params.id, session),
      }),
    ),
  ];
}
