import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '@crows-nest/telemetry';
import { createDatabase, type Database } from '../database.ts';
import { hashToken, newToken } from '../auth/tokens.ts';
import { loadHistory } from '../seed/load.ts';
import { createRandom } from '../seed/random.ts';
import { confirmTrade } from '../notifications/confirmation.ts';
import { exportOf } from './export.ts';
import {
  CHARACTER,
  PASSWORD,
  startSystem,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());
beforeEach(() => system.quote());

const authorized = ({ token }: Customer) => ({ authorization: `Bearer ${token}` });
const erase = (customer: Customer, password = PASSWORD) =>
  system.request('DELETE', '/api/me', {
    headers: { ...authorized(customer), 'content-type': 'application/json' },
    body: JSON.stringify({ password }),
  });
/** A token of a card of their own. */
const cardOf = ({ username }: Customer) => `card_good-${username.replace('customer-', '')}`;
const buy = { characterId: CHARACTER, action: 'buy', quantity: 2 };

/** Does everything that leaves something of a customer, with their name wherever something can be typed. */
async function live(customer: Customer): Promise<void> {
  await customer.trade(buy, `key-of-${customer.username}`);
  await customer.trade({ ...buy, action: 'sell', quantity: 1 });
  await customer.trade({ ...buy, quantity: 1_000_000 });
  const order = { characterId: CHARACTER, side: 'buy', quantity: 3, limitPrice: 500 };
  const headers = { ...authorized(customer), 'idempotency-key': crypto.randomUUID() };
  expect((await system.post('/api/orders', order, headers)).status).toBe(201);
  await system.database.sql(
    "INSERT INTO payments (user_id, kind, amount, card) VALUES ($1, 'deposit', 500, $2)",
    [customer.id, cardOf(customer)],
  );
  await system.database.sql("UPDATE payments SET status = 'succeeded' WHERE user_id = $1", [
    customer.id,
  ]);
  await system.database.sql(
    "INSERT INTO subscriptions (user_id, status, card, current_period_end, due_at) VALUES ($1, 'active', $2, now(), now())",
    [customer.id, cardOf(customer)],
  );
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await system.database.sql(
    "UPDATE users SET created_at = created_at - interval '2 days' WHERE id = $1",
    [customer.id],
  );
  await customer.get(`/api/statements/${yesterday}`);
  await system.post('/api/feedback', { rating: 4 }, authorized(customer));
  await system.post('/auth/login', { username: customer.username, password: PASSWORD });
  await customer.wasHere();
}

describe('the export', () => {
  test('is a file with everything that is held of the customer, and nothing of anybody else', async () => {
    const customer = await system.register();
    const other = await system.register();
    await Promise.all([live(customer), live(other)]);

    const { status, headers, text, json } = await customer.get('/api/me/export');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="crows-nest-export.json"',
    );
    const { id, username } = customer;
    const price = { characterId: CHARACTER, price: 1001, amount: 2002 };
    expect(json).toMatchObject({
      user: [{ id, username, email: `${username}@example.com` }],
      activity: [{ seenAt: expect.any(String) as string }],
      sessions: [
        { createdAt: expect.any(String) as string },
        { expiresAt: expect.any(String) as string },
      ],
      feedback: [{ rating: 4 }],
      trades: [
        { ...price, action: 'buy', quantity: 2 },
        { action: 'sell', quantity: 1, price: 999 },
      ],
      orders: [{ side: 'buy', quantity: 3, limitPrice: 500, status: 'open', reserved: 1502 }],
      payments: [{ kind: 'deposit', amount: 500, status: 'succeeded', card: cardOf(customer) }],
      subscription: [{ status: 'active', card: cardOf(customer) }],
      positions: [{ characterId: CHARACTER, quantity: 1 }],
      statements: [{ closingCash: 0, trades: 0 }],
    });
    const { accounts, entries } = json as Record<string, Row[]>;
    expect(sumsOf(entries)).toEqual(
      new Map(accounts?.map((account) => [account['id'], account['balance']])),
    );
    expect(entries?.map(({ kind }) => kind)).toContain('starting_credit');

    expect(text).not.toContain(other.id);
    expect(text).not.toContain(other.username);
    for (const secret of ['password', 'argon2', 'token']) expect(text).not.toContain(secret);
  });

  test('of 20,000 trades, which is many pages, is complete and in order', async () => {
    await loadHistory(system.database.url, {
      customers: 1,
      trades: 20_000,
      random: createRandom(1),
    });
    const token = newToken();
    await system.database.sql(
      `INSERT INTO sessions (token_hash, user_id, expires_at)
       SELECT $1, id, now() + interval '1 hour' FROM users WHERE username LIKE 'past-%'`,
      [hashToken(token)],
    );
    const headers = { authorization: `Bearer ${token}` };
    const { json } = await system.request('GET', '/api/me/export', { headers });
    const { trades, entries, accounts } = json as Record<string, Row[]>;
    expect(trades).toHaveLength(20_000);
    const ids = trades?.map(({ id }) => Number(id)) ?? [];
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(new Set(entries?.map(({ id }) => id)).size).toBe(entries?.length);
    expect(sumsOf(entries)).toEqual(new Map(accounts?.map(({ id, balance }) => [id, balance])));
  });

  test('of which only the head is asked for is not made', async () => {
    const customer = await system.register();
    const { status, text } = await system.request('HEAD', '/api/me/export', {
      headers: authorized(customer),
    });
    expect({ status, text }).toEqual({ status: 200, text: '' });
  });
});

describe('the audit of an export', () => {
  let database: Database;
  let told: AuditEvent[];
  let parts: AsyncGenerator<string>;
  beforeEach(async () => {
    const { id } = await system.register();
    database = createDatabase({ url: system.config.databaseUrl, poolMax: 1 }, system.telemetry);
    told = [];
    parts = exportOf(database, { audit: (event) => told.push(event) }, id, '203.0.113.1');
  });
  afterEach(() => database.close());

  test('is a success when all was taken, and not before', async () => {
    for await (const part of parts) expect(told, part).toEqual([]);
    expect(told).toMatchObject([{ action: 'data.export', outcome: 'success' }]);
  });

  const failure = {
    action: 'data.export',
    outcome: 'failure',
    address: '203.0.113.1',
    reason: 'incomplete',
  };

  test('is a failure when the caller leaves', async () => {
    await parts.next();
    await parts.return(undefined);
    expect(told).toMatchObject([failure]);
  });

  test('is a failure when the database does', async () => {
    await parts.next();
    await database.close();
    await expect(parts.next()).rejects.toThrow();
    expect(told).toMatchObject([failure]);
    database = createDatabase({ url: system.config.databaseUrl, poolMax: 1 }, system.telemetry);
  });
});

describe('erasure', () => {
  test('leaves nothing personal anywhere, and the books as they are', async () => {
    const customer = await system.register();
    const { id, username } = customer;
    await live(customer);
    const held = () =>
      system.database.sql(
        `SELECT (SELECT count(*) FROM trades WHERE user_id = $1) AS trades,
           (SELECT jsonb_object_agg(asset, total ORDER BY asset) FROM (
             SELECT asset, sum(balance) AS total FROM accounts a JOIN balances ON account_id = a.id
             WHERE user_id = $1 GROUP BY asset) sums) AS balances`,
        [id],
      );
    const before = await held();
    expect(await placesOf(username)).toContain('users');

    expect((await erase(customer)).status).toBe(204);
    expect(await placesOf(username)).toEqual([]);
    expect(await placesOf(`${username}@example.com`)).toEqual([]);
    expect(await placesOf(cardOf(customer))).toEqual([]);
    expect(
      await system.database.sql('SELECT status, due_at FROM subscriptions WHERE user_id = $1', [
        id,
      ]),
    ).toEqual([{ status: 'ended', due_at: null }]);
    for (const table of ['user_activity', 'sessions', 'idempotency_keys', 'ratings']) {
      expect(await system.database.sql(`SELECT FROM ${table} WHERE user_id = $1`, [id])).toEqual(
        [],
      );
    }
    expect(await held()).toEqual(before);
    expect(
      await system.database.sql(
        "SELECT status, reserved::int, balance::int FROM orders JOIN accounts a USING (user_id) JOIN balances ON account_id = a.id WHERE user_id = $1 AND purpose = 'reserved'",
        [id],
      ),
    ).toEqual([{ status: 'cancelled', reserved: 0, balance: 0 }]);
    expect(await system.database.sql('SELECT * FROM ledger_differences')).toEqual([]);
    expect(
      await system.database.sql(
        'SELECT username, email, erased_at > created_at AS erased FROM users WHERE id = $1',
        [id],
      ),
    ).toEqual([{ username: `erased-${id}`, email: `erased-${id}`, erased: true }]);
    const [rating] = await system.database.sql('SELECT rating FROM ratings WHERE user_id IS NULL');
    expect(rating).toEqual({ rating: 4 });

    expect((await customer.get('/auth/me')).status).toBe(401);
    expect((await system.post('/auth/login', { username, password: PASSWORD })).status).toBe(401);
    expect((await erase(customer)).status).toBe(401);
    const successor = await system.register(username);
    expect(successor.id).not.toBe(id);
  });

  test('asks for the password, and counts wrong ones as failed logins', async () => {
    const customer = await system.register();
    const refused = await erase(customer, 'wrong');
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ type: '/problems/wrong-password' });
    for (let n = 0; n < 9; n += 1) await erase(customer, 'wrong');
    expect((await erase(customer)).status).toBe(429);
    expect((await customer.get('/auth/me')).status).toBe(200);
  });

  test('is refused while a payment is pending', async () => {
    const customer = await system.register();
    const [payment] = await system.database.sql(
      "INSERT INTO payments (user_id, kind, amount, card) VALUES ($1, 'withdrawal', 500, 'card_good') RETURNING id",
      [customer.id],
    );
    const refused = await erase(customer);
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ type: '/problems/payments-pending' });
    expect((await customer.get('/auth/me')).status).toBe(200);

    const settle = "UPDATE payments SET status = 'failed', reason = 'declined' WHERE id = $1";
    await system.database.sql(settle, [payment?.['id']]);
    expect((await erase(customer)).status).toBe(204);
    await expect(
      system.database.sql("UPDATE payments SET card = 'erased', amount = 1 WHERE id = $1", [
        payment?.['id'],
      ]),
    ).rejects.toThrow(/is final/);
  });

  test('of two that are asked for at once is one', async () => {
    const customer = await system.register();
    const answers = await Promise.all([erase(customer), erase(customer), erase(customer)]);
    for (const { status } of answers) expect([204, 401]).toContain(status);
    expect(answers.some(({ status }) => status === 204)).toBe(true);
  });

  test('is not undone by what was under way: it is told to try again, and then that the token is not valid', async () => {
    const customer = await system.register();
    await customer.get('/auth/me');
    // As the session is cached: the erasure goes past what would close it.
    await system.database.sql(
      `UPDATE users SET username = 'erased-' || id, email = 'erased-' || id, password_hash = 'erased', erased_at = now()
       WHERE id = $1`,
      [customer.id],
    );
    expect((await customer.trade(buy)).status).toBe(503);
    expect((await system.post('/api/feedback', { rating: 1 }, authorized(customer))).status).toBe(
      503,
    );
    for (const table of ['trades', 'idempotency_keys', 'ratings']) {
      expect(
        await system.database.sql(`SELECT FROM ${table} WHERE user_id = $1`, [customer.id]),
      ).toEqual([]);
    }
    await expect(
      system.database.sql(
        "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', $1, now())",
        [customer.id],
      ),
    ).rejects.toThrow(/was erased/);
    await expect(
      system.database.sql("UPDATE users SET email = 'back@example.com' WHERE id = $1", [
        customer.id,
      ]),
    ).rejects.toThrow(/stays erased/);
  });

  test('leaves no mail to be sent', async () => {
    const customer = await system.register();
    const trade = (await customer.trade(buy)).json as { trade: { id: string } };
    await erase(customer);
    const database = createDatabase(
      { url: system.config.databaseUrl, poolMax: 1 },
      system.telemetry,
    );
    const mailer = {
      send: () => Promise.reject(new Error('A mail was sent')),
      close: () => Promise.resolve(),
    };
    await confirmTrade({ database, mailer, telemetry: system.telemetry }, trade.trade.id);
    await database.close();
  });
});

type Row = Record<string, unknown>;

/** What the entries come to, by account. */
function sumsOf(entries: Row[] = []): Map<unknown, number> {
  const sums = new Map<unknown, number>();
  for (const { accountId, amount } of entries) {
    sums.set(accountId, (sums.get(accountId) ?? 0) + Number(amount));
  }
  return sums;
}

/** The tables that hold the text anywhere. */
async function placesOf(text: string): Promise<string[]> {
  const tables = await system.database.sql<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
  );
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await system.database.sql(
        `SELECT FROM ${name} AS row WHERE strpos(lower(row::text), lower($1)) > 0 LIMIT 1`,
        [text],
      );
      return rows.length > 0 ? [name] : [];
    }),
  );
  return found.flat();
}
