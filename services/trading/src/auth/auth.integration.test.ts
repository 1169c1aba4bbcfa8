import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());

const password = 'a long enough password';
const login = (username: string, secret = password, address = '203.0.113.1') =>
  system.post('/auth/login', { username, password: secret }, { 'x-forwarded-for': address });
const me = (token: string) =>
  system.request('GET', '/auth/me', { headers: { authorization: `Bearer ${token}` } });

describe('a session', () => {
  test('begins with registering or logging in, and ends with logging out, at once', async () => {
    const { id, username, token } = await system.register();
    const second = (await login(username.toUpperCase())).json as {
      token: string;
      user: { id: string };
    };
    expect(second.user.id).toBe(id);
    expect(second.token).not.toBe(token);
    expect((await me(token)).json).toEqual({
      user: { id, username, email: `${username}@example.com`, realtime: false },
    });

    const authorization = `Bearer ${token}`;
    const left = await system.request('POST', '/auth/logout', { headers: { authorization } });
    expect(left.status).toBe(204);
    expect((await me(token)).status).toBe(401);
    expect((await me(second.token)).status).toBe(200);
  });

  test('that has expired is none', async () => {
    const { id, token } = await system.register();
    await system.database.sql('UPDATE sessions SET expires_at = now() WHERE user_id = $1', [id]);
    expect((await me(token)).status).toBe(401);
  });

  test('is kept without its token, and a password as argon2id only', async () => {
    const { id, token } = await system.register();
    const [row] = await system.database.sql<{ row: string }>(
      `SELECT u.password_hash || ' ' || encode(s.token_hash, 'escape') || encode(s.token_hash, 'base64') AS row
       FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1`,
      [id],
    );
    expect(row?.row).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(row?.row).not.toContain(token);
  });
});

describe('registering', () => {
  test.each([
    ['username', (name: string) => ({ username: name.toUpperCase(), email: 'other@example.com' })],
    [
      'email',
      (name: string) => ({ username: 'another-one', email: `${name.toUpperCase()}@EXAMPLE.com` }),
    ],
  ])('with a taken %s is a 409 that says so, in any case of letters', async (field, taken) => {
    const { username } = await system.register();
    const answer = await system.post('/auth/register', { ...taken(username), password });
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({ type: `/problems/${field}-taken`, errors: [{ field }] });
  });

  test('twice at once makes one customer, with one starting credit', async () => {
    const person = { username: 'twice-at-once', email: 'twice@example.com', password };
    const answers = await Promise.all([1, 2, 3].map(() => system.post('/auth/register', person)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const credits = await system.database.sql(
      `SELECT b.balance::int FROM users u JOIN accounts a ON a.user_id = u.id JOIN balances b ON b.account_id = a.id
       WHERE u.username = 'twice-at-once'`,
    );
    expect(credits).toEqual([{ balance: 1_000_000 }]);
  });
});

describe('logging in', () => {
  test('answers the same for an unknown user, an impossible name and a wrong password', async () => {
    const { username } = await system.register();
    const answers = await Promise.all([
      login(username, 'wrong'),
      login('nobody-there'),
      login('no\u0000body'),
    ]);
    const told = answers.map(({ status, json }) => ({
      status,
      detail: (json as { detail: string }).detail,
    }));
    expect(told).toEqual(
      Array(3).fill({ status: 401, detail: 'The username or the password is wrong.' }),
    );
  });

  test('is refused for an account after ten failures, from anywhere, and for no other account', async () => {
    const [{ username }, other] = await Promise.all([system.register(), system.register()]);
    for (let failure = 0; failure < 10; failure += 1) {
      expect((await login(username, 'wrong', `198.51.100.${failure}`)).status).toBe(401);
    }
    const refused = await login(username, password, '198.51.100.99');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('900');
    expect((await login(other.username, password, '198.51.100.99')).status).toBe(200);
  });

  test('is refused from an address after fifty failures, whatever the account', async () => {
    const address = '192.0.2.7';
    for (let failure = 0; failure < 50; failure += 10) {
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => login(`guess-${failure + n}`, 'wrong', address)),
      );
    }
    const { username } = await system.register();
    expect((await login(username, password, address)).status).toBe(429);
    expect((await login(username, password, '192.0.2.8')).status).toBe(200);
  });

  test('is counted', async () => {
    const { username } = await system.register();
    const read = (success: string) =>
      system.metric('auth_attempts_total', { type: 'login', success });
    const before = [await read('true'), await read('false')] as const;
    await login(username);
    await login(username, 'wrong');
    expect(await read('true')).toBe(before[0] + 1);
    expect(await read('false')).toBe(before[1] + 1);
  });
});
