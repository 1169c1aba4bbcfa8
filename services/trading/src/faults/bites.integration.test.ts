import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createClosing } from '../lifecycle.ts';
import { composeMarket } from '../market/compose.ts';
import { eventually } from '../testing/eventually.ts';
import { activeFaults, faultsOf, type TestFaults } from '../testing/faults.ts';
import { startMailServer } from '../testing/mail.ts';
import {
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';

/** What each fault does while it is on, and that nothing of it is left afterwards. */

let system: TestSystem;
let faults: TestFaults;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem({ FAULTS: 'on' });
  system.telemetry.logger.silent = true; // of what fails on purpose
  faults = faultsOf(system);
}, 120_000);
afterAll(() => system.close());
beforeEach(async () => {
  await faults.none();
  customer = await system.register();
});

const buy = { characterId: CHARACTER, action: 'buy', quantity: 1 };
const metric = (name: string, labels?: Record<string, string>) => system.metric(name, labels);

/** A role for as long as the test lasts. @returns what reads its metrics */
async function start(role: 'market' | 'worker', environment: Record<string, string> = {}) {
  const compose = role === 'market' ? composeMarket : composeWorker;
  const config = testConfig(system.database, { FAULTS: 'on', MARKET_SEED: 'test', ...environment });
  const telemetry = createTestTelemetry(role, config);
  telemetry.logger.silent = true;
  const closing = createClosing(telemetry.logger);
  const { port } = await compose(config, telemetry, closing);
  onTestFinished(async () => {
    expect(await closing.closeAll()).toBe(true);
    await telemetry.close();
  });
  return async (name: string, labels: Record<string, string> = {}) =>
    metricIn(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), name, labels);
}

test('a fault reaches each role, also one that starts later, and ends in all of them when it is ended', async () => {
  const market = await start('market');
  await faults.begin('cache-off');
  const worker = await start('worker');
  for (const role of [market, worker]) {
    await eventually(() => activeFaults(role)).toEqual(['cache-off']);
  }
  await faults.end();
  for (const role of [market, worker]) {
    await eventually(() => activeFaults(role)).toEqual([]);
  }
});

describe('latency', () => {
  test('keeps requests of its route waiting, and no others', async () => {
    await faults.begin('latency', { milliseconds: 10_000, route: '/dora' });
    const delayed = httpRequest(`${system.url}/dora`).end();
    let answered = false;
    delayed.once('response', () => (answered = true)).once('error', () => undefined);
    await once(delayed, 'finish');
    expect((await customer.get('/api/characters')).status).toBe(200);
    expect((await system.request('GET', '/health')).status).toBe(200);
    expect(await activeFaults(metric)).toEqual(['latency']);
    expect(answered).toBe(false);
    delayed.destroy();
  });

  test('is seen in the durations', async () => {
    const labels = { method: 'GET', route: '/api/portfolio', status_code: '200' };
    const counts = async () => [
      await system.metric('http_request_duration_seconds_count', labels),
      await system.metric('http_request_duration_seconds_bucket', { ...labels, le: '0.25' }),
    ];
    await customer.get('/api/portfolio');
    const [count = 0, fast = 0] = await counts();
    await faults.begin('latency', { milliseconds: 300 });
    expect((await customer.get('/api/portfolio')).status).toBe(200);
    await eventually(counts).toEqual([count + 1, fast]);
  });
});

describe('errors', () => {
  test('fail requests before they do anything, and are counted and logged as what they are', async () => {
    await system.quote();
    await faults.begin('errors', { ratio: 1 });
    const answer = await customer.trade(buy);
    expect(answer.json).toMatchObject({ status: 500, type: '/problems/internal-error' });
    const labels = { method: 'POST', route: '/api/trade', type: 'InjectedFault' };
    await eventually(() => system.metric('http_requests_errors_total', labels)).toBe(1);
    for (const path of ['/health', '/health/ready', '/metrics', '/faults']) {
      expect((await system.request('GET', path)).status, path).toBe(200);
    }
    await faults.end('errors');
    expect((await customer.get('/api/trades')).json).toMatchObject({ trades: [] });
  });

  test('fail a part of them, and of one route only', async () => {
    await faults.begin('errors', { ratio: 0.5, route: '/dora' });
    const statuses = async (path: string) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => customer.get(path)));
      return new Set(answers.map(({ status }) => status));
    };
    expect(await statuses('/dora')).toEqual(new Set([200, 500]));
    expect(await statuses('/api/subscription')).toEqual(new Set([200]));
  });
});

describe('pool-leak', () => {
  const inUse = () => system.metric('db_pool_active_connections');

  test('keeps so many connections, and gives them back', async () => {
    await faults.begin('pool-leak', { connections: 7 });
    await eventually(inUse).toBe(7);
    expect((await customer.get('/api/portfolio')).status).toBe(200);
    await faults.begin('pool-leak', { connections: 3 });
    await eventually(inUse).toBe(3);
    await faults.end();
    await eventually(inUse).toBe(0);
  });

  test('keeps at most all: requests that need one are a 503, and it can still be ended', async () => {
    await faults.begin('pool-leak', { connections: 200 });
    await eventually(inUse).toBe(10);
    expect((await customer.get('/api/trades')).status).toBe(503);
    await faults.end();
    await eventually(inUse).toBe(0);
    expect((await customer.get('/api/trades')).status).toBe(200);
  });

  test('ends by itself, also of connections that broke meanwhile', async () => {
    await faults.begin('pool-leak', { seconds: 5, connections: 10 });
    await eventually(inUse).toBe(10);
    await system.database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test'`,
    );
    await eventually(inUse).toBe(0);
    await eventually(async () => (await customer.get('/api/trades')).status).toBe(200);
  });
});

test('slow-sql: statements are slow in the database, alone and in transactions, and are counted as slow', async () => {
  const slow = (operation: string, table: string) =>
    system.metric('db_slow_queries_total', { operation, table });
  const before = [await slow('select', 'trades'), await slow('insert', 'sessions')];
  await faults.begin('slow-sql', { milliseconds: 150 });
  const asleep =
    "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
  const request = customer.get('/api/trades');
  await eventually(() => system.database.sql(asleep)).not.toEqual([]);
  expect((await request).status).toBe(200);
  await system.register();
  const [selects = 0, inserts = 0] = before;
  expect(await slow('select', 'trades')).toBe(selects + 1);
  expect(await slow('insert', 'sessions')).toBe(inserts + 1);
  await faults.end();
  await eventually(() => system.database.sql(asleep)).toEqual([]);
});

test('cache-off: look-ups of sessions and quotes miss, and requests are answered all the same', async () => {
  const counts = async (cache: string) => [
    await system.metric('cache_hits_total', { cache_type: cache }),
    await system.metric('cache_misses_total', { cache_type: cache }),
  ];
  await system.quote();
  await eventually(async () => (await customer.trade(buy)).status).toBe(201);

  await faults.begin('cache-off');
  for (const cache of ['session', 'quotes']) {
    await system.quote();
    const [hits = 0, misses = 0] = await counts(cache);
    expect((await customer.trade(buy)).status).toBe(201);
    expect((await customer.trade(buy)).status).toBe(201);
    expect(await counts(cache)).toEqual([hits, misses + 2]);
  }
  await faults.end();
  const [hits = 0] = await counts('session');
  await customer.trade(buy);
  expect((await counts('session'))[0]).toBe(hits + 1);
});

test('event-loop-block: the process stands still, and can still be told to stop it', async () => {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await faults.begin('event-loop-block', { milliseconds: 900 });
  await eventually(() => delay.max / 1e6).toBeGreaterThan(800);
  expect((await faults.end('event-loop-block')).status).toBe(204);
  delay.disable();
  expect(await activeFaults(metric)).toEqual([]);
});

test('memory-leak: the process grows, and is small again afterwards', async () => {
  const megabytes = () => process.memoryUsage.rss() / 1e6;
  const before = megabytes();
  await faults.begin('memory-leak', { megabytesPerSecond: 50 });
  await eventually(megabytes).toBeGreaterThan(before + 150);
  await faults.end();
  await eventually(megabytes).toBeLessThan(before + 100);
});

test('market-stall: the leader leads on, and quotes nothing, until it ends', async () => {
  const market = await start('market');
  const age = () => system.metric('market_quote_age_seconds');
  await eventually(() => market('market_ticks_total')).toBeGreaterThan(4);
  await eventually(age).toBeLessThan(1);

  await faults.begin('market-stall');
  await eventually(age).toBeGreaterThan(3);
  expect(await market('market_leader')).toBe(1);
  const ticks = await market('market_ticks_total');
  const { json } = await customer.trade(buy);
  expect(json).toMatchObject({ type: '/problems/no-price' });
  expect(await market('market_ticks_total')).toBe(ticks);
  await faults.end();
  await eventually(age).toBeLessThan(1);
  expect(await market('market_leader')).toBe(1);
});

describe('worker-stall', () => {
  beforeEach(async () => {
    // What other tests have left for a worker.
    await system.database.sql('DELETE FROM outbox');
    await system.redis.flushdb();
  });
  const trade = async () => {
    await system.quote();
    await eventually(async () => (await customer.trade(buy)).status).toBe(201);
  };
  const depth = { queue: 'notifications', state: 'waiting' };

  test('leaves jobs in their queues; they are done when it is over', async () => {
    const mail = await startMailServer();
    onTestFinished(() => mail.close());
    const worker = await start('worker', { SMTP_URL: mail.url });
    await trade();
    await eventually(() => mail.mails.length).toBe(1);

    await faults.begin('worker-stall');
    // The fault is known a moment before the worker has come to its standstill.
    let trades = 1;
    await eventually(async () => {
      await trade();
      trades += 1;
      return worker('job_queue_depth', depth);
    }).toBeGreaterThan(0);
    await eventually(async () => mail.mails.length + (await worker('job_queue_depth', depth))).toBe(
      trades,
    );

    const sent = mail.mails.length;
    await trade();
    await trade();
    trades += 2;
    await eventually(() => worker('job_queue_depth', depth)).toBe(trades - sent);
    expect(mail.mails).toHaveLength(sent);
    expect(await worker('outbox_lag_seconds')).toBe(0);
    await faults.end();
    await eventually(() => mail.mails.length).toBe(trades);
  });

  test('of the outbox leaves its messages there; a worker can close meanwhile', async () => {
    const worker = await start('worker');
    await faults.begin('worker-stall', { part: 'outbox' });
    await eventually(() => activeFaults(worker)).toEqual(['worker-stall']);
    await trade();
    await eventually(() => worker('outbox_lag_seconds')).toBeGreaterThan(0);
    expect(await worker('job_queue_depth', depth)).toBe(0);
    await faults.end();
    await eventually(() => system.database.sql('SELECT FROM outbox')).toEqual([]);
    await faults.begin('worker-stall');
    await eventually(() => activeFaults(worker)).toEqual(['worker-stall']);
  });
});
