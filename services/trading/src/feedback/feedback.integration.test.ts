import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSystem, type Customer, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  customer = await system.register();
}, 120_000);
afterAll(() => system.close());

const rate = (rating: unknown) =>
  system.post('/api/feedback', { rating }, { authorization: `Bearer ${customer.token}` });

test('a rating is kept and measured; a later one of the same day takes its place', async () => {
  expect((await rate(2)).json).toMatchObject({ rating: 2 });
  await system.database.sql(
    "UPDATE ratings SET day = day - 1, rated_at = rated_at - interval '1 day'",
  );
  expect((await rate(3)).status).toBe(200);
  expect((await rate(5)).status).toBe(200);

  const kept = await system.database.sql(
    'SELECT rating FROM ratings WHERE user_id = $1 ORDER BY day',
    [customer.id],
  );
  expect(kept).toEqual([{ rating: 2 }, { rating: 5 }]);
  const upTo = (le: number) => system.metric('customer_rating_bucket', { le: String(le) });
  expect([await upTo(1), await upTo(2), await upTo(3), await upTo(4), await upTo(5)]).toEqual([
    0, 1, 2, 2, 3,
  ]);
  expect(await system.metric('customer_rating_sum')).toBe(10);
});

test.each([0, 6, 2.5, '5', null, [5]])('a rating of %j is a 400 that names it', async (rating) => {
  const answer = await rate(rating);
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({
    errors: [{ field: 'rating', message: 'expected a whole number from 1 to 5' }],
  });
});
