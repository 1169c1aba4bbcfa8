import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database.ts';
import { eventually } from '../testing/eventually.ts';
import { CHARACTER, startSystem, type Customer, type TestSystem } from '../testing/system.ts';
import { closeDay } from './closing-of-days.ts';

let system: TestSystem;
let database: Database;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  database = createDatabase({ url: system.config.databaseUrl, poolMax: 5 }, system.telemetry);
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});
beforeEach(async () => {
  await system.quote();
  customer = await system.register();
});

const trade = (action: string, quantity: number) =>
  customer.trade({ characterId: CHARACTER, action, quantity });
const statement = async (date: string) =>
  (await customer.get(`/api/statements/${date}`)).json as Record<string, unknown>;
/** The day so many days ago. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** Lets a day pass: what was is a day older. */
async function nextDay(): Promise<void> {
  await system.database.sql(`BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE entries SET created_at = created_at - interval '1 day';
    UPDATE trades SET executed_at = executed_at - interval '1 day';
    UPDATE users SET created_at = created_at - interval '1 day'; COMMIT`);
}

/** As payments move money: a deposit of 500, a withdrawal of 300, and one of 100 that comes back. */
async function payments(): Promise<void> {
  await system.database.sql(
    `SELECT post_transfer(line.kind, ARRAY[a, line.other], ARRAY[line.amount, -line.amount])
     FROM customer_account($1, 'customer', 'BERRY') AS a, (VALUES
       ('deposit', house_account('gateway', 'BERRY'), 500), ('withdrawal', house_account('payouts', 'BERRY'), -300),
       ('withdrawal', house_account('payouts', 'BERRY'), -100), ('return', house_account('payouts', 'BERRY'), 100)
     ) AS line (kind, other, amount)`,
    [customer.id],
  );
}

test("a customer's days add up, each from where the one before ended", async () => {
  await trade('buy', 10); // 10,010 and 10
  await payments();
  await nextDay();
  await trade('sell', 4); // 3996 less 4; they cost 4008
  // Held back: 20,020 of cash, and 2 shares.
  await customer.order({ characterId: CHARACTER, side: 'buy', quantity: 20, limitPrice: 1000 });
  await customer.order({ characterId: CHARACTER, side: 'sell', quantity: 2, limitPrice: 2000 });
  await nextDay();
  await trade('sell', 4); // the same again

  const first = {
    date: day(2),
    final: true,
    openingCash: 0,
    bought: 10_010,
    sold: 0,
    commission: 10,
    deposits: 500,
    withdrawals: 300,
    adjustments: 1_000_000,
    closingCash: 990_180,
    realisedProfit: 0,
    trades: 1,
    holdings: [{ characterId: CHARACTER, quantity: 10 }],
  };
  const second = {
    date: day(1),
    final: true,
    openingCash: 990_180,
    bought: 0,
    sold: 3996,
    commission: 4,
    deposits: 0,
    withdrawals: 0,
    adjustments: 0,
    closingCash: 994_172,
    realisedProfit: -16,
    trades: 1,
    holdings: [{ characterId: CHARACTER, quantity: 6 }],
  };
  const today = {
    ...second,
    date: day(0),
    final: false,
    openingCash: 994_172,
    closingCash: 998_164,
    holdings: [{ characterId: CHARACTER, quantity: 2 }],
  };
  // The newest first: none is made from another.
  expect(await statement(day(0))).toEqual(today);
  expect(await statement(day(1))).toEqual(second);
  expect(await statement(day(2))).toEqual(first);
});

test('a day that is over is kept once, and stays as it is; today is not kept', async () => {
  await trade('buy', 1);
  await nextDay();
  const path = `/api/statements/${day(1)}`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => customer.get(path)));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  await trade('buy', 1);
  expect((await customer.get(path)).text).toBe(answers[0]?.text);
  await statement(day(0));
  const kept = 'SELECT day::text FROM statements WHERE user_id = $1';
  expect(await system.database.sql(kept, [customer.id])).toEqual([{ day: day(1) }]);

  const change = system.database.sql('UPDATE statements SET trades = trades + 1');
  await expect(change).rejects.toMatchObject({ code: '23001' });
  const early = system.database.sql('SELECT keep_statement($1, $2)', [customer.id, day(0)]);
  await expect(early).rejects.toMatchObject({ code: '23001' });
});

test('a statement waits for what began before midnight and is not through', async () => {
  await nextDay();
  const late = new pg.Client(system.database.url);
  await late.connect();
  try {
    await late.query('BEGIN');
    await late.query('SELECT lock_customer($1)', [customer.id]);
    const asked = statement(day(1));
    await eventually(() =>
      system.database.sql(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      ),
    ).toHaveLength(1);
    await late.query(
      `SELECT post_transfer('gift', ARRAY[house_account('promotion', 'BERRY'), customer_account($1, 'customer', 'BERRY')],
         ARRAY[-5, 5], ($2::date + interval '23:59:59.999') AT TIME ZONE 'UTC')`,
      [customer.id, day(1)],
    );
    await late.query('COMMIT');
    expect(await asked).toMatchObject({ final: true, closingCash: 1_000_005 });
  } finally {
    await late.end();
  }
});

describe('there is no statement', () => {
  test.each([
    ['of tomorrow', day(-1), 404],
    ['of a day before one was a customer', day(1), 404],
    ['of the past millennium', '0999-12-31', 404],
    ['of the year 0', '0000-01-01', 400],
    ['of a day that never is', '2026-02-30', 400],
    ['of what is no day', 'yesterday', 400],
    ['of a time', '2026-01-01T00:00:00Z', 400],
  ])('%s', async (_name, date, status) => {
    const answer = await customer.get(`/api/statements/${date}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  });
});

test('after midnight each customer whose money moved gets one, whoever else asks, and others none', async () => {
  await trade('buy', 1);
  const quiet = await system.register();
  await nextDay();
  await nextDay();
  await trade('buy', 1);
  const asking = await system.register();
  await asking.trade({ characterId: CHARACTER, action: 'buy', quantity: 1 });
  await nextDay();
  await asking.get(`/api/statements/${day(1)}`);

  await Promise.all([closeDay(database, day(1)), closeDay(database, day(1))]);
  const kept = await system.database.sql<{ user_id: string }>(
    'SELECT user_id FROM statements WHERE day = $1',
    [day(1)],
  );
  const whose = kept.map(({ user_id: userId }) => userId);
  expect(whose.filter((id) => id === customer.id)).toHaveLength(1);
  expect(whose.filter((id) => id === asking.id)).toHaveLength(1);
  expect(whose).not.toContain(quiet.id);
});
