import type { Database, Statement } from '../database.ts';
import type { ApiMetrics } from '../metrics/roles.ts';

/** From 1, annoyed, to 5, delighted. */
export type Rating = 1 | 2 | 3 | 4 | 5;

export interface Feedback {
  /**
   * Keeps what the customer thinks today (UTC); a later rating of the same day takes the place of the earlier one. The metric
   * tells of each rating as it is given, because what was counted cannot be taken back.
   *
   * @returns when it was given, ISO 8601
   */
  rate(userId: string, rating: Rating): Promise<{ rating: Rating; ratedAt: string }>;
}

const putRating: Statement = {
  name: 'put_rating',
  operation: 'insert',
  table: 'ratings',
  text: `INSERT INTO ratings (user_id, day, rating, rated_at) VALUES ($1, (now() AT TIME ZONE 'UTC')::date, $2, now())
         ON CONFLICT (user_id, day) WHERE user_id IS NOT NULL
           DO UPDATE SET rating = excluded.rating, rated_at = excluded.rated_at
         RETURNING rated_at`,
};

export interface FeedbackDependencies {
  database: Database;
  metrics: Pick<ApiMetrics, 'customerRating'>;
}

export function createFeedback({ database, metrics }: FeedbackDependencies): Feedback {
  return {
    async rate(userId, rating) {
      const [row] = await database.query<{ rated_at: Date }>(putRating, [userId, rating]);
      if (!row) throw new Error('put_rating gave no row');
      metrics.customerRating.observe(rating);
      return { rating, ratedAt: row.rated_at.toISOString() };
    },
  };
}
