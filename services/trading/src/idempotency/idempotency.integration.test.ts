import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDatabase, type Database, type Queryable } from '../database.ts';
import { Problem } from '../problem.ts';
import { startSystem, type Customer, type TestSystem } from '../testing/system.ts';
import { idempotently } from './idempotency.ts';

let system: TestSystem;
let database: Database;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  database = createDatabase({ url: system.config.databaseUrl, poolMax: 10 }, system.telemetry);
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});
beforeEach(async () => {
  customer = await system.register();
});

const postGift = {
  name: 'post_gift',
  operation: 'call',
  table: 'entries',
  text: `SELECT post_transfer('gift',
           ARRAY[house_account('promotion', 'BERRY'), customer_account($1, 'customer', 'BERRY')], ARRAY[-7, 7])`,
} as const;

/** Gives the customer 7 cents, once per key. */
function give(key: string, request: readonly unknown[] = ['gift', 7]) {
  return idempotently(
    database,
    { userId: customer.id, key, request, instance: '/gifts' },
    async (connection: Queryable) => {
      await connection.query(postGift, [customer.id]);
      return { status: 201, body: { given: 7, at: Math.random() } };
    },
  );
}

async function given(): Promise<number> {
  const { json } = await customer.get('/api/portfolio');
  return (json as { cash: number }).cash - 1_000_000;
}

test('ten requests at once with one key do it once, and get the same bytes', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => give('same')));
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await given()).toBe(7);
});

test('a key that has done something else is refused, also by a trade', async () => {
  await give('mine');
  await expect(give('mine', ['gift', 8])).rejects.toMatchObject({ status: 422 });
  const trade = { characterId: 'sable-nine', action: 'buy', quantity: 1 };
  expect((await customer.trade(trade, 'mine')).status).toBe(422);
  expect(await given()).toBe(7);
});

test('what fails is undone, and the key stays free', async () => {
  const failing = idempotently(
    database,
    { userId: customer.id, key: 'again', request: ['gift', 7], instance: '/gifts' },
    async (connection) => {
      await connection.query(postGift, [customer.id]);
      throw new Error('no');
    },
  );
  await expect(failing).rejects.toThrow('no');
  expect(await given()).toBe(0);
  expect(await give('again')).toMatchObject({ status: 201, replayed: false });
});

test('a refusal that is returned is kept as a problem', async () => {
  const refuse = () =>
    idempotently(
      database,
      { userId: customer.id, key: 'no', request: ['gift', 7], instance: '/gifts' },
      () =>
        Promise.resolve(
          new Problem({ status: 409, code: 'no-gifts', title: 'No gifts', detail: 'None left.' }),
        ),
    );
  const first = await refuse();
  expect(JSON.parse(first.body)).toMatchObject({
    type: '/problems/no-gifts',
    status: 409,
    detail: 'None left.',
    instance: '/gifts',
  });
  expect(await refuse()).toEqual({ ...first, replayed: true });
});

test('a key can be used anew after 24 hours', async () => {
  await give('old');
  await system.database.sql(
    "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE user_id = $1",
    [customer.id],
  );
  expect(await give('old', ['gift', 8])).toMatchObject({ replayed: false });
  expect(await given()).toBe(14);
});
