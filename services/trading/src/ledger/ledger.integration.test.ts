import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { CHARACTER, startSystem, type Customer, type TestSystem } from '../testing/system.ts';
import { differences, ledgerImbalance } from './audit.ts';

let system: TestSystem;
let customer: Customer;
let cash: number;
beforeAll(async () => {
  system = await startSystem();
  await system.quote();
  customer = await system.register();
  await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 5 });
  const [account] = await system.database.sql<{ id: string }>(
    "SELECT id FROM accounts WHERE user_id = $1 AND asset = 'BERRY'",
    [customer.id],
  );
  cash = Number(account?.id);
}, 120_000);
afterAll(() => system.close());

const sql = (text: string, values?: unknown[]) => system.database.sql(text, values);
/** What the gauge shows, without what is in order. */
async function imbalances(): Promise<Record<string, number>> {
  const found = await ledgerImbalance(system.database);
  return Object.fromEntries(
    found.filter(({ imbalance }) => imbalance !== 0).map((row) => [row.asset, row.imbalance]),
  );
}

describe('the database refuses, whoever asks', () => {
  test.each([
    ['to change an entry', 'UPDATE entries SET amount = amount + 1'],
    ['to delete an entry', 'DELETE FROM entries'],
    ['to empty the entries', 'TRUNCATE entries CASCADE'],
    ['to change a transfer', "UPDATE transfers SET kind = 'gift'"],
    ['to delete a transfer', 'DELETE FROM transfers'],
    ['to change a trade', 'UPDATE trades SET commission = 1'],
    ['to move an account to another owner', 'UPDATE accounts SET user_id = NULL'],
    ['to change a position', 'UPDATE positions SET cost = cost + 1'],
    ['to delete a position', 'DELETE FROM positions'],
    ['to set a balance', 'UPDATE balances SET balance = 1000000000'],
    ['to delete a balance', 'DELETE FROM balances'],
    [
      'to make up a balance',
      'INSERT INTO balances SELECT id, 5 FROM accounts WHERE user_id IS NULL LIMIT 1',
    ],
  ])('%s', async (_name, text) => {
    await expect(sql(text)).rejects.toMatchObject({ code: '23001' });
  });

  test('a transfer that does not sum to zero', async () => {
    const post = sql(
      "SELECT post_transfer('gift', ARRAY[house_account('promotion', 'BERRY'), $1::bigint], ARRAY[-5, 6])",
      [cash],
    );
    await expect(post).rejects.toMatchObject({ code: '23514', constraint: 'transfer_balances' });
  });

  test('a transfer that sums to zero only across assets', async () => {
    const post = sql(
      "SELECT post_transfer('swap', ARRAY[house_account('dealing', $2), $1::bigint], ARRAY[-5, 5])",
      [cash, CHARACTER],
    );
    await expect(post).rejects.toMatchObject({ code: '23514', constraint: 'transfer_balances' });
  });

  test('one more entry for a transfer that was balanced', async () => {
    await expect(
      sql(
        'INSERT INTO entries (transfer_id, account_id, amount) SELECT max(id), $1, 5 FROM transfers',
        [cash],
      ),
    ).rejects.toMatchObject({ constraint: 'transfer_balances' });
  });

  test('an overdraft', async () => {
    const post = sql(
      "SELECT post_transfer('fee', ARRAY[house_account('promotion', 'BERRY'), $1::bigint], ARRAY[9000000, -9000000])",
      [cash],
    );
    await expect(post).rejects.toMatchObject({ code: '23514', constraint: 'balance_not_negative' });
  });

  test('an entry for an account that does not exist', async () => {
    const post = sql(
      "SELECT post_transfer('gift', ARRAY[house_account('promotion', 'BERRY'), 987654], ARRAY[-5, 5])",
    );
    await expect(post).rejects.toMatchObject({ code: '23503' });
  });

  test('and after all that the books are as they were', async () => {
    expect(await differences(system.database)).toEqual([]);
    expect((await customer.get('/api/portfolio')).json).toMatchObject({
      cash: 1_000_000 - 5005 - 5,
    });
  });
});

describe('the gauge', () => {
  const buy = { characterId: CHARACTER, action: 'buy', quantity: 1 };
  const settled = async () =>
    (await sql('SELECT settled::int, newest::int FROM ledger_checkpoint'))[0] as {
      settled: number;
      newest: number;
    };
  const newestEntry = async () =>
    ((await sql('SELECT max(id)::int AS id FROM entries')) as { id: number }[])[0]?.id;

  /** Nothing older than the last check goes on any more: neither here nor in the databases of other tests on the same server. */
  const undisturbed = () =>
    eventually(() =>
      sql(
        'SELECT newest_seen <= pg_snapshot_xmin(pg_current_snapshot()) AS undisturbed FROM ledger_checkpoint',
      ),
    ).toEqual([{ undisturbed: true }]);

  test('reads the entries since the last checks, and finds the books right', async () => {
    await system.quote();
    await ledgerImbalance(system.database);
    await customer.trade(buy);
    await undisturbed();
    expect(await imbalances()).toEqual({});
    const { newest } = await settled();
    expect(newest).toBe(await newestEntry());
    await customer.trade(buy);
    await undisturbed();
    expect(await imbalances()).toEqual({});
    expect((await settled()).settled).toBe(newest);
    expect(await differences(system.database)).toEqual([]);
  });

  test('leaves out no entry of a transaction that ends late', async () => {
    await system.quote();
    const other = await system.register();
    const late = new pg.Client(system.database.url);
    await late.connect();
    try {
      await late.query('BEGIN');
      await late.query(
        "SELECT post_transfer('gift', ARRAY[house_account('promotion', 'BERRY'), $1::bigint], ARRAY[-5, 5])",
        [cash],
      );
      // Entries with higher ids are there before those of the gift, and are seen by many checks.
      await other.trade(buy);
      for (let check = 0; check < 4; check += 1) expect(await imbalances()).toEqual({});
      await late.query('COMMIT');
    } finally {
      await late.end();
    }
    for (let check = 0; check < 4; check += 1) {
      await undisturbed();
      expect(await imbalances()).toEqual({});
    }
    expect((await settled()).settled).toBe(await newestEntry());
    expect(await differences(system.database)).toEqual([]);
    await sql(
      "SELECT post_transfer('gift', ARRAY[house_account('promotion', 'BERRY'), $1::bigint], ARRAY[5, -5])",
      [cash],
    );
  });
});

test('the audit and the gauge find what got past the guards, and the gauge sees when it is put right', async () => {
  // Also a balance that nothing has moved for long.
  for (let check = 0; check < 3; check += 1) expect(await imbalances()).toEqual({});
  const past = (text: string) =>
    sql(`BEGIN; SET LOCAL session_replication_role = replica; ${text}; COMMIT`);
  const unbalanced = `INSERT INTO entries (transfer_id, account_id, amount)
    SELECT max(id), house_account('dealing', '${CHARACTER}'), 3 FROM transfers`;
  await past(`UPDATE balances SET balance = balance + 7 WHERE account_id = ${cash}`);
  await past(unbalanced);

  const [{ balance } = { balance: 0 }] = (await sql(
    'SELECT balance::int FROM balances WHERE account_id = $1',
    [cash],
  )) as { balance: number }[];
  expect(await differences(system.database)).toEqual([
    {
      asset: 'BERRY',
      subject: `balance of account ${cash}`,
      expected: String(balance - 7),
      found: String(balance),
    },
    {
      asset: CHARACTER,
      subject: expect.stringMatching(/^transfer \d+$/) as string,
      expected: '0',
      found: '3',
    },
  ]);
  for (let check = 0; check < 3; check += 1) {
    expect(await imbalances()).toEqual({ BERRY: 7, [CHARACTER]: 3 });
  }

  await past(`UPDATE balances SET balance = balance - 7 WHERE account_id = ${cash}`);
  await past(unbalanced.replace(', 3 ', ', -3 '));
  expect(await imbalances()).toEqual({});
});
