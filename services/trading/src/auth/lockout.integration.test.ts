import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../database.ts';
import { createClosing } from '../lifecycle.ts';
import { tellOfLock } from '../notifications/account-locked.ts';
import { createMailer } from '../notifications/mailer.ts';
import { eventually } from '../testing/eventually.ts';
import { startMailServer, type MailServer } from '../testing/mail.ts';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import {
  createTestTelemetry,
  PASSWORD,
  startSystem,
  testConfig,
  testRedisUrl,
  type Answer,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';
import { createCredentials } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import { createLoginThrottle } from './throttle.ts';

let system: TestSystem;
let redis: Proxy;
let mail: MailServer;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  redis = await createProxy(testRedisUrl());
  system = await startSystem({ REDIS_URL: redis.url });
  mail = await startMailServer();
  const config = testConfig(system.database, { SMTP_URL: mail.url });
  const telemetry = createTestTelemetry('worker', config);
  const closing = createClosing(telemetry.logger);
  await composeWorker(config, telemetry, closing);
  stopWorker = async () => {
    await closing.closeAll();
    await telemetry.close();
  };
}, 120_000);
afterAll(async () => {
  await stopWorker();
  await mail.close();
  await system.close();
  await redis.close();
});
afterEach(() => system.redis.flushdb());

const login = (username: string, password: string, address = '203.0.113.1') =>
  system.post('/auth/login', { username, password }, { 'x-forwarded-for': address });
/** Each failure from an address of its own. */
const fail = (username: string, times: number) =>
  Promise.all(Array.from({ length: times }, (_, n) => login(username, 'wrong', `198.51.100.${n}`)));
const counted = (type: string) => system.metric('security_events_total', { type });
/** What an answer says, but for the name of the request and the seconds that are left. */
const told = ({ status, headers, json }: Answer) => ({
  status,
  header: Object.keys(Object.fromEntries(headers)).sort(),
  body: {
    ...(json as object),
    requestId: '',
    detail: (json as { detail: string }).detail.replace(/\d+/, 'n'),
  },
});

describe('an account', () => {
  test('is locked by the tenth failure for 15 minutes from then, tells how long, and opens by itself', async () => {
    const { username } = await system.register();
    await fail(username, 9);
    expect((await login(username, PASSWORD)).status).toBe(200);

    await fail(username, 9);
    const [counter] = await system.redis.keys('login-failures:account:*');
    // As if the nine had been long ago.
    await system.redis.pexpire(counter as string, 60_000);
    const before = [await counted('account_locked'), await counted('rate_limited')];
    expect((await login(username, 'wrong')).status).toBe(401);
    const refused = await login(username, PASSWORD);
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ type: '/problems/account-locked' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(890);
    expect(await counted('account_locked')).toBe((before[0] ?? 0) + 1);
    expect(await counted('rate_limited')).toBe((before[1] ?? 0) + 1);

    await system.redis.pexpire(counter as string, 41_500);
    const later = await login(username, PASSWORD);
    expect(Number(later.headers.get('retry-after'))).toBeLessThanOrEqual(42);
    expect(Number(later.headers.get('retry-after'))).toBeGreaterThan(30);

    await system.redis.pexpire(counter as string, 1);
    await eventually(async () => (await login(username, PASSWORD)).status).toBe(200);
  });

  test('is not opened by the right one of many guesses at once, when ten others fail first', async () => {
    const { username } = await system.register();
    const throttle = createLoginThrottle(system.redis);
    const database = createDatabase(
      { url: system.config.databaseUrl, poolMax: 1 },
      system.telemetry,
    );
    const passwords: Passwords = {
      hash: () => Promise.reject(new Error('Nothing is hashed')),
      async verify() {
        for (let n = 0; n < 10; n += 1) await throttle.failed(username, '198.51.100.1');
        return true;
      },
    };
    const events = { note() {} };
    const { telemetry } = system;
    const credentials = createCredentials({ database, passwords, throttle, events, telemetry });
    const attempt = { username, password: PASSWORD, address: '203.0.113.1' };
    const guess = credentials.check('auth.login', attempt);
    await expect(guess).rejects.toMatchObject({ status: 429 });
    await database.close();
  });

  test('that nobody has is locked alike', async () => {
    const { username } = await system.register();
    await Promise.all([fail(username, 10), fail('nobody-there', 10)]);
    const known = await login(username, 'wrong');
    const unknown = await login('nobody-there', 'wrong');
    expect(known.status).toBe(429);
    expect(told(unknown)).toEqual(told(known));
  });

  test('is open while Redis is away', async () => {
    const { username } = await system.register();
    await fail(username, 10);
    await redis.cut();
    expect((await login(username, PASSWORD)).status).toBe(200);
    await redis.restore();
    await eventually(async () => (await system.request('GET', '/health')).json).toMatchObject({
      status: 'up',
    });
  });
});

test('an address that is held up is told for how long', async () => {
  await system.redis.set('login-failures:address:192.0.2.1', 50, 'PX', 12_300);
  const { username } = await system.register();
  const refused = await login(username, PASSWORD, '192.0.2.1');
  expect(refused.status).toBe(429);
  expect(refused.json).toMatchObject({ type: '/problems/too-many-failed-logins' });
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(13);
});

test("a lock is told to the account's owner by mail, once; the next lock again", async () => {
  const { id, username } = await system.register();
  const toOwner = () => mail.mails.filter((text) => text.includes(`To: ${username}@example.com`));
  await fail(username, 25);
  await eventually(() => toOwner().length).toBe(1);
  expect(toOwner()[0]).toContain('Subject: Your account is locked for 15 minutes');

  // Asked for again, as by a job that runs twice.
  const lockId = /<account-locked-(.+)@crows-nest\.example>/.exec(toOwner()[0] ?? '')?.[1] ?? '';
  const {
    databaseUrl: url,
    smtpUrl,
    mailFrom,
  } = testConfig(system.database, { SMTP_URL: mail.url });
  const database = createDatabase({ url, poolMax: 2 }, system.telemetry);
  const mailer = createMailer(smtpUrl, mailFrom);
  await tellOfLock({ database, mailer, telemetry: system.telemetry }, { userId: id, lockId });
  expect(toOwner()).toHaveLength(1);
  await mailer.close();
  await database.close();

  await system.redis.flushdb();
  await fail(username, 10);
  await eventually(() => toOwner().length).toBe(2);
});
