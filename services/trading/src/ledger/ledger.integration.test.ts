import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
const asDatabase = {
  query: <Row>({ text }: { text: string }) => system.database.sql(text) as Promise<Row[]>,
};

describe('the database refuses, whoever asks', () => {
  test.each([
    ['to change an entry', 'UPDATE entries SET amount = amount + 1'],
    ['to delete an entry', 'DELETE FROM entries'],
    ['to empty the entries', 'TRUNCATE entries CASCADE'],
    ['to change a transfer', "UPDATE transfers SET kind = 'gift'"],
    ['to delete a transfer', 'DELETE FROM transfers'],
    ['to change a trade', 'UPDATE trades SET commission = 1'],
    ['to move an account to another owner', 'UPDATE accounts SET user_id = NULL'],
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
    expect(await differences(asDatabase)).toEqual([]);
    expect((await customer.get('/api/portfolio')).json).toMatchObject({
      cash: 1_000_000 - 5005 - 5,
    });
  });
});

test('the audit and the gauge find what got past the guards', async () => {
  await sql('ALTER TABLE balances DISABLE TRIGGER USER');
  await sql('UPDATE balances SET balance = balance + 7 WHERE account_id = $1', [cash]);
  await sql('ALTER TABLE balances ENABLE TRIGGER USER');
  await sql('ALTER TABLE entries DISABLE TRIGGER USER');
  await sql(
    "INSERT INTO entries (transfer_id, account_id, amount) SELECT max(id), house_account('dealing', $1), 3 FROM transfers",
    [CHARACTER],
  );
  await sql('ALTER TABLE entries ENABLE TRIGGER USER');

  expect(await differences(asDatabase)).toEqual([
    { asset: 'BERRY', subject: `balance of account ${cash}`, expected: '994990', found: '994997' },
    {
      asset: CHARACTER,
      subject: expect.stringMatching(/^transfer \d+$/) as string,
      expected: '0',
      found: '3',
    },
  ]);
  const imbalance = Object.fromEntries(
    (await ledgerImbalance(asDatabase)).map((row) => [row.asset, row.imbalance]),
  );
  expect(imbalance).toMatchObject({ BERRY: 7, [CHARACTER]: 3, 'nix-halloway': 0 });
});
