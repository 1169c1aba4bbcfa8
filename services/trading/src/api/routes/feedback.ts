import { z } from 'zod';
import type { Feedback } from '../../feedback/feedback.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';
import { timeSchema } from '../schemas.ts';

const ratingSchema = z.literal([1, 2, 3, 4, 5], { error: 'expected a whole number from 1 to 5' });

export function feedbackEndpoints(feedback: Feedback): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/feedback',
        operationId: 'giveFeedback',
        tag: 'Customers',
        summary: 'Say how content you are, from 1 to 5',
        description: 'One rating a day (UTC) is kept: a later one takes its place.',
        session: true,
        body: z.strictObject({ rating: ratingSchema }, { error: EXPECTED_OBJECT }),
        answers: {
          200: {
            description: 'Kept as the rating of today',
            schema: z.object({ rating: ratingSchema, ratedAt: timeSchema }),
          },
        },
      },
      async ({ body, session }) => ({
        status: 200,
        json: await feedback.rate(session.user.id, body.rating),
      }),
    ),
  ];
}
