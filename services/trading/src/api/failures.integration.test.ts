import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase } from '../database.ts';
import { TEST_NAME } from '../testing/database.ts';
import { eventually } from '../testing/eventually.ts';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import { CHARACTER, startSystem, testRedisUrl, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let postgres: Proxy;
let redis: Proxy;
beforeAll(async () => {
  redis = await createProxy(testRedisUrl());
  system = await startSystem({ REDIS_URL: redis.url }, async (url) => {
    postgres = await createProxy(url);
    return postgres.url;
  });
}, 120_000);
afterAll(async () => {
  await system.close();
  await Promise.all([postgres.close(), redis.close()]);
});
beforeEach(() => system.quote());
afterEach(async () => {
  await Promise.all([postgres.restore(), redis.restore()]);
  await eventually(async () => (await system.request('GET', '/health')).json).toMatchObject({
    status: 'up',
  });
});

const buy = { characterId: CHARACTER, action: 'buy', quantity: 1 };

test('a connection that breaks between two statements of a transaction fails it, and nothing else', async () => {
  const database = createDatabase({ url: system.database.url, poolMax: 1 }, system.telemetry);
  const ownPid = {
    name: 'own_pid',
    operation: 'select',
    table: 'none',
    text: 'SELECT pg_backend_pid() AS pid',
  } as const;
  const broken = database.transaction(async (connection) => {
    const [own] = await connection.query<{ pid: number }>(ownPid);
    await system.database.sql('SELECT pg_terminate_backend($1)', [own?.pid]);
    // By then the connection has told that it is broken; nobody waits for an answer on it.
    await eventually(() =>
      system.database.sql('SELECT FROM pg_stat_activity WHERE pid = $1', [own?.pid]),
    ).toEqual([]);
    return connection.query(ownPid);
  });
  await expect(broken).rejects.toThrow();
  expect(await database.query(ownPid)).toHaveLength(1);
  await database.close();
});

describe('when Postgres', () => {
  test('ends all its back ends under load, answers are a trade or a 503, and service comes back by itself', async () => {
    const customers = await Promise.all(Array.from({ length: 5 }, () => system.register()));
    const keys = Array.from({ length: 60 }, (_, n) => `key-${n}`);
    let answered = 0;
    const answers = await Promise.all(
      keys.map(async (key, n) => {
        const answer = await customers[n % 5]?.trade(buy, key);
        answered += 1;
        if (answered % 15 === 0) {
          await system.database.sql(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name <> '${TEST_NAME}'`,
          );
        }
        return answer;
      }),
    );
    expect([...new Set(answers.map((answer) => answer?.status))].sort()).toEqual([201, 503]);

    // Whoever got a 503 asks again with the same key; each key is one trade in the end.
    for (const [n, key] of keys.entries()) {
      await system.quote();
      await eventually(async () => (await customers[n % 5]?.trade(buy, key))?.status).toBe(201);
    }
    const [count] = await system.database.sql<{ count: string }>('SELECT count(*) FROM trades');
    expect(Number(count?.count)).toBe(keys.length);
    expect(await system.database.sql('SELECT * FROM ledger_differences')).toEqual([]);
  });

  test.each([
    ['refuses connections', () => postgres.cut()],
    [
      'hangs',
      () => {
        postgres.freeze();
        return Promise.resolve();
      },
    ],
  ])(
    '%s, requests get a 503 with their requestId, ready turns 503, and live stays 200',
    async (_name, breakIt) => {
      const customer = await system.register();
      await customer.get('/auth/me');
      await breakIt();

      const answers = await Promise.all([
        customer.get('/api/portfolio'),
        customer.trade(buy, 'later'),
      ]);
      for (const { status, headers, json } of answers) {
        expect(status).toBe(503);
        expect(headers.get('retry-after')).toBe('1');
        expect(json).toMatchObject({
          type: '/problems/database-unavailable',
          requestId: headers.get('x-request-id'),
        });
      }
      expect((await system.request('GET', '/health/ready')).status).toBe(503);
      expect((await system.request('GET', '/health/live')).status).toBe(200);

      await postgres.restore();
      await eventually(async () => {
        await system.quote();
        return (await customer.trade(buy, 'later')).status;
      }).toBe(201);
      expect((await system.request('GET', '/health/ready')).status).toBe(200);
    },
  );
});

describe('when Redis', () => {
  test.each([
    ['refuses connections', () => redis.cut()],
    [
      'hangs',
      () => {
        redis.freeze();
        return Promise.resolve();
      },
    ],
  ])('%s, logging in, reading and trading go on', async (_name, breakIt) => {
    const customer = await system.register();
    await breakIt();
    await sample();

    const { username } = customer;
    const credentials = { username, password: 'a long enough password' };
    expect((await system.post('/auth/login', credentials)).status).toBe(200);
    expect((await customer.get('/api/portfolio')).status).toBe(200);
    await eventually(async () => {
      await sample();
      return (await customer.trade(buy)).json;
    }).toMatchObject({ trade: { price: 2002 } });
    expect((await system.request('GET', '/health')).json).toMatchObject({
      status: 'degraded',
      checks: { redis: { status: 'down' } },
    });
    expect((await system.request('GET', '/health/ready')).status).toBe(200);
    expect(
      (await system.post('/auth/logout', {}, { authorization: `Bearer ${customer.token}` })).status,
    ).toBe(204);
    expect((await customer.get('/auth/me')).status).toBe(401);
  });

  /** What the market's leader writes each second. */
  async function sample(): Promise<void> {
    await system.database.sql(
      'INSERT INTO quotes (quoted_at, character_id, bid, ask, last) SELECT now(), id, 1998, 2002, 2000 FROM characters',
    );
  }
});
