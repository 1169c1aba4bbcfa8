import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
// Telemetry's own means of looking at spans.
import { traceInMemory } from '../../../telemetry/src/testing/tracing.ts';
import { createDatabase } from '../database.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { confirmTrade } from '../notifications/confirmation.ts';
import { createMailer } from '../notifications/mailer.ts';
import type { JobData } from '../jobs/queues.ts';
import { eventually } from '../testing/eventually.ts';
import { startMailServer, type MailServer } from '../testing/mail.ts';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import {
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  testRedisUrl,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from './compose.ts';

let system: TestSystem;
let mail: MailServer;
let redis: Proxy;
let telemetry: Telemetry;
let closing: Closing;
let worker: { port: number };

beforeAll(async () => {
  system = await startSystem();
  redis = await createProxy(testRedisUrl());
}, 120_000);
beforeEach(async () => {
  mail = await startMailServer();
  const config = testConfig(system.database, { REDIS_URL: redis.url, SMTP_URL: mail.url });
  telemetry = createTestTelemetry('worker', config);
  closing = createClosing(telemetry.logger);
  worker = await composeWorker(config, telemetry, closing);
  await system.quote();
});
afterEach(async () => {
  expect(await closing.closeAll()).toBe(true);
  await telemetry.close();
  await mail.close();
});
afterAll(async () => {
  await system.close();
  await redis.close();
});

const buy = { characterId: CHARACTER, action: 'buy', quantity: 3 };
const metric = async (name: string, labels: Record<string, string> = {}) =>
  metricIn(await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text(), name, labels);
const tradeId = (json: unknown) => (json as { trade: { id: string } }).trade.id;

test('a trade leads to one mail to its customer, and to metrics', async () => {
  const customer = await system.register();
  const answer = await customer.trade(buy, 'once');
  await customer.trade(buy, 'once');

  await eventually(() => mail.mails.length).toBe(1);
  expect(mail.mails[0]).toContain(`To: ${customer.username}@example.com`);
  expect(mail.mails[0]).toContain(
    `Message-ID: <trade-confirmation-${tradeId(answer.json)}@crows-nest.example>`,
  );
  // The body is quoted-printable: a long line ends in =.
  expect(mail.mails[0]?.replaceAll('=\r\n', '')).toContain(
    'Sable Nine, Smuggler at 10.01 berries each: 30.03 berries',
  );

  const labels = { queue: 'notifications', name: 'trade-confirmation' };
  await eventually(() => metric('jobs_processed_total', { ...labels, outcome: 'completed' })).toBe(
    1,
  );
  expect(await metric('job_duration_seconds_count', labels)).toBe(1);
  expect(await metric('job_wait_seconds_sum', labels)).toBeGreaterThan(0);
  await eventually(() => system.database.sql('SELECT * FROM outbox')).toEqual([]);
});

test("sending it is part of the trade's trace", async () => {
  using tracing = traceInMemory();
  const customer = await system.register();
  const answer = await customer.trade(buy);

  const named = (name: string) => tracing.spans().find((span) => span.name === name);
  await eventually(() => named('notification.send')).toBeDefined();
  const trade = named('trade.execute');
  expect(trade?.attributes).toMatchObject({
    'trade.id': tradeId(answer.json),
    'user.id': customer.id,
    'character.id': CHARACTER,
    'request.id': answer.headers.get('x-request-id'),
    'trade.outcome': 'executed',
  });
  for (const name of ['notifications publish', 'notification.send']) {
    expect(named(name)?.spanContext().traceId).toBe(trade?.spanContext().traceId);
    expect(named(name)?.attributes).toMatchObject({ 'trade.id': tradeId(answer.json) });
  }
});

test('a confirmation that is asked for again, also five times at once, is not sent again', async () => {
  const customer = await system.register();
  const id = tradeId((await customer.trade(buy)).json);
  await eventually(() => mail.mails.length).toBe(1);

  const {
    databaseUrl: url,
    smtpUrl,
    mailFrom,
  } = testConfig(system.database, { SMTP_URL: mail.url });
  const database = createDatabase({ url, poolMax: 5 }, telemetry);
  const mailer = createMailer(smtpUrl, mailFrom);
  const again = () => confirmTrade({ database, mailer, telemetry }, id);
  await Promise.all([again(), again(), again(), again(), again()]);
  expect(mail.mails).toHaveLength(1);

  // As if it had never been sent: of five at once one sends, and the others leave it to that one.
  await system.database.sql('DELETE FROM notifications');
  const results = await Promise.allSettled([again(), again(), again(), again(), again()]);
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
  expect(mail.mails).toHaveLength(2);
  await mailer.close();
  await database.close();
});

test('a mail that the server turns away is sent later', async () => {
  mail.refusing = true;
  const customer = await system.register();
  await customer.trade(buy);
  const labels = { queue: 'notifications', name: 'trade-confirmation', outcome: 'failed' };
  await eventually(() => metric('jobs_processed_total', labels)).toBe(1);

  mail.refusing = false;
  await eventually(() => mail.mails.length).toBe(1);
});

test('messages wait in the outbox while Redis is away', async () => {
  await redis.cut();
  const customer = await system.register();
  await customer.trade(buy);
  await eventually(() => metric('outbox_lag_seconds')).toBeGreaterThan(0);
  expect(await system.database.sql('SELECT topic FROM outbox')).toEqual([
    { topic: 'trade-confirmation' },
  ]);
  expect(mail.mails).toEqual([]);

  await redis.restore();
  await eventually(() => mail.mails.length).toBe(1);
  await eventually(() => system.database.sql('SELECT * FROM outbox')).toEqual([]);
});

test('a job that Redis loses when it is killed is handed over again', async () => {
  // Of tests before this one.
  await system.database.sql('DELETE FROM outbox_relayed');
  const customer = await system.register();
  mail.refusing = true;
  await customer.trade(buy);
  const labels = { queue: 'notifications', name: 'trade-confirmation', outcome: 'failed' };
  await eventually(() => metric('jobs_processed_total', labels)).toBe(1);
  expect(await system.database.sql('SELECT * FROM outbox')).toEqual([]);

  // It was another process that had the job, and this one never read it from the disk.
  await redis.cut();
  await system.database.sql("UPDATE outbox_relayed SET redis_run = 'killed'");
  await system.redis.flushdb();
  mail.refusing = false;
  await redis.restore();
  await eventually(() => mail.mails.length).toBe(1);
});

test('what was handed over is kept no longer than it takes Redis to write it', async () => {
  const aged = "UPDATE outbox_relayed SET relayed_at = now() - interval '11 seconds'";
  await (await system.register()).trade(buy);
  await eventually(() => mail.mails.length).toBe(1);
  expect(await system.database.sql('SELECT topic FROM outbox_relayed')).not.toEqual([]);
  await system.database.sql(aged);
  await eventually(() => system.database.sql('SELECT topic FROM outbox_relayed')).toEqual([]);
});

test('a message of a topic that this version does not know waits, and holds up no other', async () => {
  await system.database.sql(
    "INSERT INTO outbox (topic, payload, carrier) VALUES ('of-tomorrow', '{}', '{}')",
  );
  const customer = await system.register();
  await customer.trade(buy);
  await eventually(() => mail.mails.length).toBe(1);
  expect(await system.database.sql('SELECT topic FROM outbox')).toEqual([{ topic: 'of-tomorrow' }]);
  await system.database.sql('DELETE FROM outbox');
});

test('a message that is handed over twice is one job', async () => {
  const customer = await system.register();
  await customer.trade(buy);
  await eventually(() => mail.mails.length).toBe(1);

  const queue = new Queue<JobData>('notifications', { connection: { url: testRedisUrl() } });
  await eventually(() => queue.getJobCountByTypes('active', 'waiting', 'delayed')).toBe(0);
  const [job] = await queue.getJobs(['completed'], 0, 0);
  const before = await queue.getJobCountByTypes('completed');
  await queue.add('trade-confirmation', job?.data as JobData, { jobId: job?.id as string });
  expect(await queue.getJobCountByTypes('completed', 'waiting', 'active', 'delayed')).toBe(before);
  await queue.close();
});

test('gauges that need a query are looked up in the background', async () => {
  const customer = await system.register();
  await customer.trade(buy);
  await customer.wasHere();
  await system.database.sql(
    `INSERT INTO orders (user_id, character_id, side, quantity, limit_price, created_at)
     VALUES ($1, '${CHARACTER}', 'buy', 1, 1, now()), ($1, '${CHARACTER}', 'sell', 1, 9999, now())`,
    [customer.id],
  );
  // A new worker looks at once.
  const fresh = createTestTelemetry('worker', system.config);
  const freshClosing = createClosing(fresh.logger);
  const { port } = await composeWorker(system.config, fresh, freshClosing);
  const read = async (name: string, labels = {}) =>
    metricIn(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), name, labels);

  await eventually(() => read('auth_active_sessions')).toBeGreaterThan(0);
  await eventually(() => read('active_users')).toBeGreaterThan(0);
  await eventually(() => read('orders_open')).toBe(2);
  await eventually(() => read('customer_holdings_value')).toBeGreaterThanOrEqual(3 * 999);
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await eventually(metrics).toMatch(/^ledger_imbalance\{asset="BERRY"\} 0$/m);
  await eventually(metrics).toMatch(
    /^job_queue_depth\{queue="notifications",state="waiting"\} \d+$/m,
  );
  await freshClosing.closeAll();
  await fresh.close();
});
