import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHARACTER, startSystem, type Customer, type TestSystem } from '../testing/system.ts';

/** What the database itself sees to, for whoever writes: everything here is SQL, past the application. */
let system: TestSystem;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  customer = await system.register();
}, 120_000);
afterAll(() => system.close());

const sql = <Row extends Record<string, unknown>>(text: string, values?: unknown[]) =>
  system.database.sql<Row>(text, values);
const differences = () => sql('SELECT * FROM ledger_differences');

async function place(userId: string, side: string, quantity: number, limitPrice: number) {
  const [row] = await sql<{ outcome: string; order_id: string }>(
    "SELECT * FROM place_order($1, $2, $3, $4, $5, NULL, 1000, '{}')",
    [userId, CHARACTER, side, quantity, limitPrice],
  );
  return { outcome: row?.outcome ?? '', id: row?.order_id ?? '' };
}

async function fill(order: string, price: number, quantity: number): Promise<string> {
  const [row] = await sql<{ outcome: string }>(
    "SELECT * FROM fill_order($1, $2, $3, clock_timestamp(), '{}')",
    [order, price, quantity],
  );
  return row?.outcome ?? '';
}

describe('the database refuses, whoever asks', () => {
  let open: string;
  let part: string;
  let closed: string;
  beforeAll(async () => {
    open = (await place(customer.id, 'buy', 10, 100)).id;
    part = (await place(customer.id, 'buy', 10, 100)).id;
    expect(await fill(part, 90, 4)).toBe('partially_filled');
    closed = (await place(customer.id, 'buy', 10, 100)).id;
    expect(await fill(closed, 90, 10)).toBe('filled');
  });
  const order = { open: () => open, part: () => part, closed: () => closed };

  test.each([
    ['to open a closed order again', 'closed', "status = 'open', filled = 0, closed_at = NULL", ''],
    ['to change a closed order', 'closed', 'expires_at = now()', ''],
    ['to fill less than was filled', 'part', 'filled = 3', ''],
    ['to change a limit', 'open', 'limit_price = 1', ''],
    ['to give an order to another customer', 'open', 'user_id = gen_random_uuid()', ''],
    ['to fill more than was ordered', 'part', 'filled = 11, amount = 990', 'order_not_overfilled'],
    [
      'to fill and cancel more than was ordered',
      'part',
      "filled = 5, amount = 450, cancelled = 6, status = 'cancelled', closed_at = now()",
      'order_not_overfilled',
    ],
    ['to fill above the limit', 'part', 'filled = 5, amount = 501', 'order_within_limit'],
    [
      'to call filled what is not',
      'part',
      "status = 'filled', closed_at = now()",
      'order_status_fits',
    ],
    [
      'to close without a time',
      'open',
      "status = 'cancelled', cancelled = 10",
      'order_closed_fits',
    ],
  ] as const)('%s', async (_name, which, change, constraint) => {
    const refused = sql(`UPDATE orders SET ${change} WHERE id = ${order[which]()}`);
    await expect(refused).rejects.toMatchObject(
      constraint ? { code: '23514', constraint } : { code: '23001' },
    );
  });

  test.each([
    ['to delete an order', 'DELETE FROM orders'],
    ['to empty the orders', 'TRUNCATE orders CASCADE'],
    [
      'an order that begins filled',
      `INSERT INTO orders (user_id, character_id, side, quantity, limit_price, filled, amount, status, created_at, closed_at)
       SELECT id, '${CHARACTER}', 'buy', 1, 1, 1, 1, 'filled', now(), now() FROM users LIMIT 1`,
    ],
  ])('%s', async (_name, text) => {
    await expect(sql(text)).rejects.toMatchObject({ code: '23001' });
  });

  test('to set what an order holds back', async () => {
    const refused = sql(`UPDATE orders SET reserved = 0 WHERE id = ${open}`);
    await expect(refused).rejects.toMatchObject({ code: '428C9' });
  });

  test.each([
    ['buy', 1_000_000, 1_000_000],
    ['sell', 15, 1],
  ])('an order to %s for more than is free', async (side, quantity, limit) => {
    const refused = sql(
      `INSERT INTO orders (user_id, character_id, side, quantity, limit_price, created_at)
       VALUES ($1, $2, $3, $4, $5, now())`,
      [customer.id, CHARACTER, side, quantity, limit],
    );
    await expect(refused).rejects.toMatchObject({ constraint: 'balance_not_negative' });
  });

  test('to take more out of a reserve than is in it', async () => {
    const refused = sql(
      `SELECT post_transfer('gift',
         ARRAY[customer_account($1, 'reserved', 'BERRY'), customer_account($1, 'customer', 'BERRY')],
         ARRAY[-5000, 5000])`,
      [customer.id],
    );
    await expect(refused).rejects.toMatchObject({ constraint: 'balance_not_negative' });
  });

  test('a sale of what nobody bought', async () => {
    const refused = sql(`SELECT book_trade($1, $2, 'sell', 15, 100, 2, NULL, now(), '{}')`, [
      customer.id,
      CHARACTER,
    ]);
    await expect(refused).rejects.toMatchObject({ constraint: 'balance_not_negative' });
  });

  test('a fill that is too late, too dear or too old, and says why', async () => {
    expect(await fill(closed, 90, 1)).toBe('closed');
    expect(await fill(open, 101, 1)).toBe('not_crossing');
    const stale = await sql(
      "SELECT outcome FROM fill_order($1, 90, 1, clock_timestamp() - interval '3.1 seconds', '{}')",
      [open],
    );
    expect(stale).toEqual([{ outcome: 'stale_price' }]);
  });

  test('and after all that the books are as they were', async () => {
    expect(await differences()).toEqual([]);
  });
});

test('the audit finds every way in which orders, positions and trades can be off', async () => {
  const other = await system.register();
  const { id } = await place(other.id, 'buy', 10, 100);
  await fill(id, 90, 4);
  const past = (text: string) =>
    sql(`BEGIN; SET LOCAL session_replication_role = replica; ${text}; COMMIT`);
  const subjects = async () =>
    (await sql<{ subject: string }>('SELECT subject FROM ledger_differences ORDER BY 1')).map(
      ({ subject }) => subject.replace(other.id, 'C').replace(/\d+/, 'N'),
    );

  for (const [change, undo, found] of [
    [
      `UPDATE orders SET filled = filled + 1 WHERE id = ${id}`,
      `UPDATE orders SET filled = filled - 1 WHERE id = ${id}`,
      ['reserve of customer C', 'shares of order N'],
    ],
    [
      `UPDATE positions SET quantity = 5, realised_profit = 7 WHERE user_id = '${other.id}'`,
      `UPDATE positions SET quantity = 4, realised_profit = 0 WHERE user_id = '${other.id}'`,
      ['position of customer C', 'realised profit of customer C'],
    ],
    [
      `UPDATE trades SET price = 91, amount = 364 WHERE order_id = ${id}`,
      `UPDATE trades SET price = 90, amount = 360 WHERE order_id = ${id}`,
      ['amount of order N', 'amount of trade N', 'cash of trade N'],
    ],
    [
      `UPDATE trades SET commission = 2 WHERE order_id = ${id}`,
      `UPDATE trades SET commission = 1 WHERE order_id = ${id}`,
      ['cash of trade N', 'commission of order N', 'commission of trade N'],
    ],
  ] as const) {
    await past(change);
    expect(await subjects()).toEqual(found);
    await past(undo);
    expect(await subjects()).toEqual([]);
  }
});

test('an order filled in parts costs no more commission than at once, and its reserve always suffices', async () => {
  const orders = fc.record({
    limit: fc.integer({ min: 1, max: 200_000 }),
    unfilled: fc.integer({ min: 0, max: 50 }),
    fills: fc.array(
      fc.record({
        quantity: fc.integer({ min: 1, max: 300 }),
        below: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  });
  const once = (amount: number) => Math.max(1, Math.floor((amount + 500) / 1000));

  await fc.assert(
    fc.asyncProperty(orders, async ({ limit, unfilled, fills }) => {
      // Before the first fill, and after each: what is left, and what was paid in all.
      let amount = 0;
      let remaining = fills.reduce((sum, { quantity }) => sum + quantity, unfilled);
      const states = [{ amount, remaining }];
      for (const { quantity, below } of fills) {
        amount += quantity * Math.max(1, Math.ceil(limit * below));
        remaining -= quantity;
        states.push({ amount, remaining });
      }
      const rows = await sql<{ commission: string; reserved: string }>(
        `SELECT commission_on(amount) AS commission, order_reserve('buy', $1, remaining, amount) AS reserved
         FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS state (amount, remaining, n) ORDER BY n`,
        [limit, states.map((state) => state.amount), states.map((state) => state.remaining)],
      );
      const paid = rows.map(({ commission }) => Number(commission));
      const reserved = rows.map((row) => Number(row.reserved));
      expect(paid[0]).toBe(0);
      expect(paid.at(-1)).toBe(once(amount));
      for (const [n, state] of states.entries()) {
        const before = states[n - 1];
        if (!before) continue;
        const spent = state.amount - before.amount + ((paid[n] ?? NaN) - (paid[n - 1] ?? NaN));
        expect((paid[n] ?? NaN) - (paid[n - 1] ?? NaN)).toBeGreaterThanOrEqual(0);
        expect((reserved[n - 1] ?? NaN) - spent - (reserved[n] ?? NaN)).toBeGreaterThanOrEqual(0);
      }
      if (unfilled === 0) expect(reserved.at(-1)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('profit is what a customer has now above what they brought, whatever they do', async () => {
  const price = fc.integer({ min: 2, max: 3000 });
  const shares = fc.integer({ min: 1, max: 40 });
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('trade' as const),
      side: fc.constantFrom('buy', 'sell'),
      shares,
      price,
    }),
    fc.record({
      kind: fc.constant('order' as const),
      side: fc.constantFrom('buy', 'sell'),
      shares,
      price,
    }),
    fc.record({ kind: fc.constant('fill' as const), shares, price }),
    fc.record({ kind: fc.constant('cancel' as const) }),
  );

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), price, async (steps, bid) => {
      const { id } = await system.register();
      const anyOpen = async () =>
        (
          await sql<{ id: string }>(
            'SELECT id FROM orders WHERE user_id = $1 AND closed_at IS NULL LIMIT 1',
            [id],
          )
        )[0]?.id;
      for (const [n, each] of steps.entries()) {
        if (each.kind === 'trade') {
          await sql("SELECT execute_trade($1, $2, '\\x00', $3, $4, $5, $6, now(), '', '', '{}')", [
            id,
            String(n),
            CHARACTER,
            each.side,
            each.shares,
            each.price,
          ]);
        } else if (each.kind === 'order') {
          await place(id, each.side, each.shares, each.price);
        } else {
          const order = await anyOpen();
          if (order === undefined) continue;
          if (each.kind === 'fill') await fill(order, each.price, each.shares);
          else await sql("SELECT close_order($1, $2, 'cancelled', '{}')", [id, order]);
        }
      }
      const [row] = await sql<{ profit: string; gain: string }>(
        `SELECT sum(realised_profit + quantity * $2 - cost) AS profit, (
           SELECT sum(b.balance * CASE a.asset WHEN 'BERRY' THEN 1 ELSE $2 END) - 1000000
           FROM accounts a JOIN balances b ON b.account_id = a.id WHERE a.user_id = $1) AS gain
         FROM positions WHERE user_id = $1`,
        [id, bid],
      );
      expect(Number(row?.profit)).toBe(Number(row?.gain));
    }),
    { numRuns: 25 },
  );
  expect(await differences()).toEqual([]);
});
