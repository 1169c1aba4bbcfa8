import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import pg from 'pg';
import type { MetricObject } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
// Telemetry's own: an audit log, a directory that goes away, and a service as a process of its own.
import { writeAudit } from '../../../telemetry/src/testing/audit.ts';
import { temporaryDirectory } from '../../../telemetry/src/testing/lines.ts';
import { startSample } from '../../../telemetry/src/testing/process.ts';
import { QUOTES_KEY } from '../quotes/quote.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { composeMarket } from '../market/compose.ts';
import { eventually } from '../testing/eventually.ts';
import { faultsOf } from '../testing/faults.ts';
import { startGateway, type TestGateway } from '../testing/gateway.ts';
import { startMailServer, type MailServer } from '../testing/mail.ts';
import { connectStream } from '../testing/stream.ts';
import {
  CHARACTER,
  createTestTelemetry,
  DELIVERY_TOKEN,
  PASSWORD,
  startSystem,
  testConfig,
  testRedisUrl,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { insertTrade } from '../testing/trades.ts';
import { composeWorker } from '../worker/compose.ts';

/**
 * Every metric of the catalogue (docs/signals.md) is exposed with its labels, and moves when what it measures happens. Each of
 * THINGS is done once; its rows say what that moves, and by how much.
 */

type Role = 'api' | 'worker' | 'market' | 'a service of its own' | 'a telemetry of its own';

/** By how much a series changes, where that is exact; what a gauge then is; or that it grows. */
type Change = { by: number } | { to: number } | 'grows';

type Row = [role: Role, metric: string, labels: Record<string, string>, change: Change];

interface Thing {
  what: string;
  run: () => Promise<unknown>;
  moves: Row[];
}

const once: Change = { by: 1 };
const by = (count: number): Change => ({ by: count });
const to = (value: number): Change => ({ to: value });

let system: TestSystem;
let outside: Telemetry;
let gateway: TestGateway;
let mail: MailServer;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let worker: Running;
let market: Running | undefined;
let customer: Customer;
/** Gives what a role's /metrics says. */
const scrapes = new Map<Role, () => Promise<string>>();

beforeAll(async () => {
  system = await startSystem({ FAULTS: 'on' });
  outside = createTestTelemetry('outside', system.config);
  gateway = await startGateway(system, outside);
  mail = await startMailServer();
  directory = await temporaryDirectory();
  scrapes.set('api', async () => (await system.request('GET', '/metrics')).text);
  await startWorker();
  await system.quote();
  customer = await system.register(undefined, { realtime: true });
}, 120_000);
afterAll(async () => {
  await market?.close();
  await worker.close();
  await mail.close();
  await gateway.close();
  await outside.close();
  await system.close();
  await directory[Symbol.asyncDispose]();
});

interface Running {
  telemetry: Telemetry;
  close(): Promise<void>;
}

async function start(
  role: 'worker' | 'market',
  compose: typeof composeWorker,
  environment: Record<string, string>,
): Promise<Running> {
  const config = testConfig(system.database, environment);
  const telemetry = createTestTelemetry(role, config);
  const closing: Closing = createClosing(telemetry.logger);
  const { port } = await compose(config, telemetry, closing);
  scrapes.set(role, async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  return {
    telemetry,
    async close() {
      await closing.closeAll();
      await telemetry.close();
    },
  };
}

async function startWorker(environment: Record<string, string> = {}): Promise<void> {
  const own = { GATEWAY_URL: gateway.url, SMTP_URL: mail.url };
  worker = await start('worker', composeWorker, { ...own, ...environment });
}

/** A new worker looks at everything at once. */
async function restartWorker(environment: Record<string, string> = {}): Promise<void> {
  await worker.close();
  await startWorker(environment);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const keyed = () => ({ ...bearer(customer.token), 'idempotency-key': randomUUID() });
const deposit = (amount: number, card: string) =>
  system.post('/api/payments/deposits', { amount, card }, keyed());
const deploy = (outcome: string) =>
  system.post(
    '/deployments',
    { environment: 'test', revision: 'ba5eba11', outcome, committedAt: '2026-01-01T00:00:00Z' },
    bearer(DELIVERY_TOKEN),
  );
const alert = (status: string) => {
  const [startsAt, endsAt] = ['2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'];
  const labels = { alertname: 'ServiceDown', severity: 'warning', environment: 'test' };
  const alerts = [{ status, fingerprint: 'c0ffee', labels, startsAt, endsAt }];
  return system.post('/webhooks/alertmanager', { version: '4', alerts }, bearer(DELIVERY_TOKEN));
};
const browser = (...items: object[]) => system.post('/api/telemetry', { items });
/** Past what guards the books. */
const addToBalances = (cents: number) =>
  system.database.sql(`BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE balances SET balance = balance + ${cents} FROM accounts
    WHERE id = account_id AND user_id = '${customer.id}' AND purpose = 'customer' AND asset = 'BERRY'; COMMIT`);

/** Keeps a table from everybody until it is let go. */
async function lock(table: string): Promise<() => Promise<void>> {
  const client = new pg.Client(system.database.url);
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table}`);
  return () => client.end();
}

// In this order: first what is looked up in a database that has only what the test has put there, last the market, whose prices are its own.
const THINGS: Thing[] = [
  {
    what: 'the worker looks around',
    async run() {
      await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 3 });
      await customer.order({ characterId: CHARACTER, side: 'buy', quantity: 1, limitPrice: 1 });
      await customer.wasHere();
      await deploy('succeeded');
      await deploy('failed');
      await alert('firing');
      const waiting = `INSERT INTO outbox (topic, payload, carrier) VALUES ('of-tomorrow', '{}', '{}')`;
      await system.database.sql(waiting);
      const queue = new Queue('notifications', { connection: { url: testRedisUrl() } });
      const job = await queue.add('of-tomorrow', {}, { delay: 3_600_000 });
      await system.database.sql(
        `INSERT INTO payments (user_id, kind, amount, card, created_at, ask_at)
         VALUES ($1, 'deposit', 1000, 'card_good', now() - interval '1 hour', now() + interval '1 hour')`,
        [customer.id],
      );
      await addToBalances(7);
      await eventually(() => mail.mails.length).toBe(1);
      await system.quote();
      await restartWorker();
      onTestFinished(async () => {
        await addToBalances(-7);
        await system.database.sql('DELETE FROM outbox');
        await system.database.sql(
          `UPDATE payments SET status = 'failed', reason = 'other', settled_at = now() WHERE status = 'pending'`,
        );
        await job.remove();
        await queue.close();
      });
    },
    moves: [
      ['worker', 'active_users', {}, to(1)],
      ['worker', 'auth_active_sessions', {}, to(1)],
      ['worker', 'subscriptions_active', {}, to(1)],
      ['worker', 'payment_pending_age_seconds', {}, 'grows'],
      ['worker', 'orders_open', {}, to(1)],
      ['worker', 'customer_holdings_value', {}, to(3 * 999)],
      ['worker', 'ledger_imbalance', { asset: 'BERRY' }, to(7)],
      ['worker', 'outbox_lag_seconds', {}, 'grows'],
      ['worker', 'job_queue_depth', { queue: 'notifications', state: 'delayed' }, to(1)],
      ['worker', 'incidents_open', {}, to(1)],
      ['worker', 'recent_deployments', {}, to(2)],
      ['worker', 'change_failure_rate', {}, to(0.5)],
      ['api', 'deployments_total', { environment: 'test', outcome: 'succeeded' }, once],
      ['api', 'deployments_total', { environment: 'test', outcome: 'failed' }, once],
      ['api', 'deployment_lead_time_seconds', {}, once],
    ],
  },
  {
    what: 'an incident ends',
    run: () => alert('resolved'),
    moves: [['api', 'incident_recovery_seconds', {}, once]],
  },
  {
    what: 'the worker walks the journeys',
    async run() {
      const password = join(directory.path, 'password');
      writeFileSync(password, PASSWORD);
      // Who has no plan sees quotes 5 s late, and so needs some that are as old.
      await system.database.sql(
        `INSERT INTO quotes (quoted_at, character_id, bid, ask, last)
         SELECT now() - interval '6 seconds', id, 999, 1001, 1000 FROM characters`,
      );
      const quoting = setInterval(() => void system.quote(), 500);
      await restartWorker({ JOURNEY_URL: system.url, SYNTHETIC_PASSWORD_FILE: password });
      onTestFinished(async () => {
        clearInterval(quoting);
        // So that none is walked while other things are counted.
        await restartWorker();
      });
    },
    moves: [
      ['worker', 'journey_success', { journey: 'portfolio', step: 'read' }, to(1)],
      ['worker', 'journey_duration_seconds', { journey: 'portfolio', step: 'read' }, 'grows'],
    ],
  },
  {
    what: 'a line of an audit log is changed',
    async run() {
      const logs = join(directory.path, 'audited');
      const path = join(logs, 'api-one.audit.log');
      await writeAudit(path, 3, { actor: 'u-1' });
      writeFileSync(path, readFileSync(path, 'utf8').replace('u-1', 'u-2'));
      await restartWorker({ LOG_DIRECTORY: logs });
      onTestFinished(() => restartWorker());
    },
    moves: [['worker', 'audit_log_faults', {}, to(1)]],
  },
  {
    what: 'a request is refused',
    run: () => system.request('GET', '/auth/me'),
    moves: [
      [
        'api',
        'http_requests_total',
        { method: 'GET', route: '/auth/me', status_code: '401' },
        once,
      ],
      [
        'api',
        'http_request_duration_seconds',
        { method: 'GET', route: '/auth/me', status_code: '401' },
        once,
      ],
      ['api', 'http_response_size_bytes', { method: 'GET', route: '/auth/me' }, once],
      [
        'api',
        'http_requests_errors_total',
        { method: 'GET', route: '/auth/me', type: 'client' },
        once,
      ],
    ],
  },
  {
    what: 'the database keeps 13 requests waiting',
    async run() {
      await customer.get('/auth/me');
      const letGo = await lock('trades');
      const requests = Array.from({ length: 13 }, () => customer.get('/api/trades'));
      onTestFinished(async () => {
        await letGo();
        await Promise.all(requests);
      });
    },
    moves: [
      ['api', 'http_requests_in_flight', {}, to(13)],
      ['api', 'db_pool_active_connections', {}, to(10)],
      ['api', 'db_pool_idle_connections', {}, to(0)],
      ['api', 'db_pool_waiting_requests', {}, to(3)],
      ['api', 'db_pool_max_connections', {}, to(10)],
    ],
  },
  {
    what: 'a query is slow',
    async run() {
      const letGo = await lock('trades');
      const request = customer.get('/api/trades');
      await wait(200); // what is slow is said in time: over 100 ms
      await letGo();
      await request;
    },
    moves: [
      ['api', 'db_slow_queries_total', { operation: 'select', table: 'trades' }, once],
      ['api', 'db_query_duration_seconds', { operation: 'select', table: 'trades' }, once],
    ],
  },
  {
    what: 'a customer registers',
    run: () => system.register(),
    moves: [
      ['api', 'auth_attempts_total', { type: 'register', success: 'true' }, once],
      ['api', 'user_signups_total', {}, once],
      ['api', 'ledger_entries_total', {}, by(2)],
    ],
  },
  {
    what: 'a session is looked up twice',
    async run() {
      const newcomer = await system.register();
      await newcomer.get('/auth/me');
      await newcomer.get('/auth/me');
    },
    moves: [
      ['api', 'cache_misses_total', { cache_type: 'session' }, once],
      ['api', 'cache_hits_total', { cache_type: 'session' }, once],
      ['api', 'auth_attempts_total', { type: 'token', success: 'true' }, by(2)],
    ],
  },
  {
    what: 'somebody guesses a password until the account is locked',
    async run() {
      const { username } = await system.register();
      const guess = () => system.post('/auth/login', { username, password: 'a wrong one' });
      await Promise.all(Array.from({ length: 10 }, guess));
      await guess();
    },
    moves: [
      ['api', 'auth_attempts_total', { type: 'login', success: 'false' }, by(10)],
      ['api', 'security_events_total', { type: 'account_locked' }, once],
      ['api', 'security_events_total', { type: 'rate_limited' }, once],
    ],
  },
  {
    what: 'attacks of other kinds',
    async run() {
      await system.request('GET', '/files?name=../../etc/passwd');
      await system.request('GET', "/files?name=' or 1=1");
      await system.request('GET', '/auth/me', { headers: bearer('forged') });
      await webhook('charge.succeeded', 'another secret');
    },
    moves: [
      ['api', 'security_events_total', { type: 'directory_traversal' }, once],
      ['api', 'security_events_total', { type: 'sql_injection_probe' }, once],
      ['api', 'security_events_total', { type: 'token_forged' }, once],
      ['api', 'security_events_total', { type: 'webhook_forged' }, once],
      ['api', 'payment_webhooks_total', { type: 'untrusted', outcome: 'forged' }, once],
    ],
  },
  {
    what: 'a new customer buys 3 shares at 10.01',
    async run() {
      customer = await system.register(undefined, { realtime: true });
      await system.quote();
      await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 3 });
    },
    moves: [
      ['api', 'orders_created_total', { kind: 'market', side: 'buy' }, once],
      ['api', 'orders_executed_total', { kind: 'market', side: 'buy' }, once],
      ['api', 'trade_duration_seconds', { outcome: 'executed' }, once],
      ['api', 'trades_total', { character: CHARACTER, action: 'buy', kind: 'market' }, once],
      ['api', 'trading_volume_total', { character: CHARACTER, action: 'buy' }, by(3003)],
      ['api', 'revenue_total', { source: 'commission' }, by(3)],
      ['api', 'revenue_total', { source: 'spread' }, by(3 * 2)],
      ['api', 'first_trades_total', {}, once],
      [
        'worker',
        'jobs_processed_total',
        { queue: 'notifications', name: 'trade-confirmation', outcome: 'completed' },
        once,
      ],
      [
        'worker',
        'job_duration_seconds',
        { queue: 'notifications', name: 'trade-confirmation' },
        once,
      ],
      ['worker', 'job_wait_seconds', { queue: 'notifications', name: 'trade-confirmation' }, once],
    ],
  },
  {
    what: 'one share is sold for more than it cost, commissions included, and one for less',
    async run() {
      await system.quote(Date.now(), { bid: 2000, ask: 2002 });
      await quotedAt(2000);
      await customer.trade({ characterId: CHARACTER, action: 'sell', quantity: 1 });
      await system.quote(Date.now(), { bid: 500, ask: 502 });
      await quotedAt(500);
      await customer.trade({ characterId: CHARACTER, action: 'sell', quantity: 1 });
    },
    moves: [
      ['api', 'customer_realised_profit_total', {}, by(2000 - 2 - (1001 + 1))],
      ['api', 'customer_realised_loss_total', {}, by(1001 + 1 - (500 - 1))],
    ],
  },
  {
    what: 'a limit order is placed and cancelled, and another one cannot be paid',
    async run() {
      const order = { characterId: CHARACTER, side: 'buy', quantity: 1, limitPrice: 1 };
      const { id } = (await customer.order(order)).json as { id: string };
      await customer.delete(`/api/orders/${id}`);
      await customer.order({ ...order, quantity: 1_000_000, limitPrice: 1000 });
    },
    moves: [
      ['api', 'orders_created_total', { kind: 'limit', side: 'buy' }, once],
      ['api', 'orders_cancelled_total', { kind: 'limit', side: 'buy' }, once],
      [
        'api',
        'orders_rejected_total',
        { kind: 'limit', side: 'buy', reason: 'insufficient_funds' },
        once,
      ],
      ['api', 'ledger_entries_total', {}, by(4)],
    ],
  },
  {
    what: 'a deposit succeeds',
    run: () => deposit(1000, 'card_good'),
    moves: [
      ['api', 'payments_total', { kind: 'deposit', status: 'succeeded', gateway: 'cards' }, once],
      ['api', 'payment_value_total', { kind: 'deposit' }, by(1000)],
      ['api', 'payment_duration_seconds', { kind: 'deposit' }, once],
      ['api', 'payment_webhooks_total', { type: 'charge.succeeded', outcome: 'settled' }, once],
      ['api', 'ledger_entries_total', {}, by(2)],
    ],
  },
  {
    what: 'a deposit and a subscription are declined',
    async run() {
      await deposit(1000, 'card_expired');
      const { token } = await system.register();
      await system.post(
        '/api/subscription',
        { card: 'card_declined' },
        { ...keyed(), ...bearer(token) },
      );
    },
    moves: [
      ['api', 'payment_failures_total', { reason: 'expired_card' }, once],
      ['api', 'payment_failures_total', { reason: 'insufficient_funds' }, once],
      ['api', 'subscription_failures_total', {}, once],
    ],
  },
  {
    what: 'a stream is opened',
    async run() {
      const client = await connectStream(system.url, bearer(customer.token));
      client.say({ type: 'subscribe', characters: 'all' });
      await client.settled();
      onTestFinished(async () => {
        client.socket.close();
        await client.closed;
      });
    },
    moves: [
      ['api', 'websocket_connections', {}, once],
      ['api', 'websocket_messages_total', { type: 'subscribe', direction: 'in' }, once],
      ['api', 'websocket_messages_total', { type: 'quotes', direction: 'out' }, once],
    ],
  },
  {
    what: 'a stream comes to an end',
    async run() {
      const client = await connectStream(system.url, bearer(customer.token));
      await client.settled();
      client.socket.close();
      await client.closed;
    },
    moves: [['api', 'price_stream_duration_seconds', {}, once]],
  },
  {
    what: 'a research note is read',
    run: () => customer.get(`/api/characters/${CHARACTER}/research`),
    moves: [['api', 'content_access_total', { type: 'private', character: CHARACTER }, once]],
  },
  {
    what: 'a customer gives a rating',
    run: () => system.post('/api/feedback', { rating: 4 }, bearer(customer.token)),
    moves: [['api', 'customer_rating', {}, once]],
  },
  {
    what: 'a browser tells what it saw',
    async run() {
      await browser(
        { kind: 'page', page: '/', phase: 'total', seconds: 1 },
        { kind: 'vital', name: 'LCP', value: 1 },
        { kind: 'vital', name: 'CLS', value: 0.1 },
        { kind: 'api', route: '/api/trade', statusCode: 201, seconds: 0.1 },
        { kind: 'error' },
      );
    },
    moves: [
      ['api', 'web_page_load_seconds', { page: '/', phase: 'total' }, once],
      ['api', 'web_vital_seconds', { name: 'LCP' }, once],
      ['api', 'web_vital_ratio', { name: 'CLS' }, once],
      ['api', 'web_api_call_duration_seconds', { route: '/api/trade', status_code: '201' }, once],
      ['api', 'web_errors_total', {}, once],
    ],
  },
  {
    what: 'a fault begins',
    async run() {
      // One that the API has nothing of.
      await faultsOf(system).begin('market-stall');
      onTestFinished(() => faultsOf(system).none());
    },
    moves: [['api', 'fault_active', { fault: 'market-stall' }, to(1)]],
  },
  {
    what: 'nobody quotes for a while',
    run: () => Promise.resolve(),
    moves: [['api', 'market_quote_age_seconds', {}, 'grows']],
  },
  {
    what: 'the market opens, and fills an order',
    async run() {
      await customer.order({ characterId: CHARACTER, side: 'sell', quantity: 1, limitPrice: 1 });
      // It opens at its own prices, and not far from ours, which would halt trading.
      await system.redis.del(QUOTES_KEY);
      await system.database.sql('DELETE FROM quotes');
      market = await start('market', composeMarket, { MARKET_SEED: 'test' });
    },
    moves: [
      ['market', 'market_leader', {}, to(1)],
      ['market', 'market_ticks_total', {}, 'grows'],
      ['market', 'market_price', { character: CHARACTER }, 'grows'],
      ['market', 'operation_duration_seconds', { operation: 'market.round' }, 'grows'],
      ['market', 'orders_executed_total', { kind: 'limit', side: 'sell' }, once],
      ['market', 'trades_total', { character: CHARACTER, action: 'sell', kind: 'limit' }, once],
    ],
  },
  {
    what: 'customers buy so much of a character that trading in it is halted',
    async run() {
      // A 12th of a day's volume: half a standard deviation of a day, upwards.
      const craze = { userId: customer.id, characterId: CHARACTER, net: 6000, secondsAgo: 10 };
      await insertTrade(system.database, craze);
    },
    moves: [['market', 'market_halts_total', { character: CHARACTER }, once]],
  },
  {
    what: 'spans cannot be sent, and are too many to wait',
    async run() {
      const sample = await startSample({
        OTEL_EXPORTER_JAEGER_ENDPOINT: 'http://127.0.0.1:1/api/traces',
        OTEL_BSP_MAX_QUEUE_SIZE: '1',
      });
      scrapes.set('a service of its own', async () =>
        (await fetch(`${sample.url}/metrics`)).text(),
      );
      await fetch(`${sample.url}/trades/1`);
      onTestFinished(async () => {
        scrapes.delete('a service of its own');
        await sample.stop();
      });
    },
    moves: [
      ['a service of its own', 'telemetry_spans_dropped_total', {}, 'grows'],
      ['a service of its own', 'telemetry_export_failures_total', {}, 'grows'],
    ],
  },
  {
    what: 'a line cannot be written, because its directory is none',
    async run() {
      const config = { ...system.config, logDirectory: '/dev/null/logs' };
      const telemetry = createTestTelemetry('lost', config);
      scrapes.set('a telemetry of its own', () => telemetry.registry.metrics());
      telemetry.logger.error('This line is written to standard output, and lost to the file');
      await telemetry.close();
    },
    moves: [
      ['a telemetry of its own', 'telemetry_log_lines_total', { level: 'error' }, once],
      ['a telemetry of its own', 'telemetry_log_lines_dropped_total', { target: 'file' }, once],
      [
        'a telemetry of its own',
        'build_info',
        { version: '0.0.0', revision: 'unknown', node: process.version },
        to(1),
      ],
    ],
  },
];

test.each(THINGS)('$what', async ({ run, moves }) => {
  const before = await values(moves);
  await run();
  await eventually(async () => {
    const after = await values(moves);
    return moves.map(([, metric, labels, change], index) => [
      metric,
      labels,
      changed(change, before[index] ?? 0, after[index] ?? 0),
    ]);
  }).toEqual(moves.map(([, metric, labels, change]) => [metric, labels, change]));
});

test('every metric that is exposed has a row, with its very labels, and no row is of another', () => {
  const exposed = new Map(
    [system.telemetry, worker.telemetry, ...(market ? [market.telemetry] : [])].flatMap(
      ({ registry }) =>
        registry
          .getMetricsAsArray()
          .map((metric): [string, string[]] => [fullName(metric), labelNamesOf(metric)])
          .filter(([name]) => !/^(process|nodejs)_/.test(name)),
    ),
  );
  const rows = new Map(
    THINGS.flatMap(({ moves }) =>
      moves.map(([, metric, labels]): [string, string[]] => [
        metric,
        Object.keys(labels).toSorted(),
      ]),
    ),
  );
  expect(sorted(rows)).toEqual(sorted(exposed));
});

test.each(['api', 'worker', 'market'] as const)('%s keeps within its budget', async (role) => {
  const text = (await scrapes.get(role)?.()) ?? '';
  const series = text.split('\n').filter((line) => /^[a-z]/.test(line)).length;
  console.log(`${role}: ${series} series, ${Buffer.byteLength(text)} bytes`);
  expect(series).toBeGreaterThan(100);
  expect(series).toBeLessThan(2000);
  expect(Buffer.byteLength(text)).toBeLessThan(300_000);
});

/** prom-client takes `_total` off a counter when it is first exposed as OpenMetrics. */
function fullName({ name, type }: MetricObject): string {
  return String(type) === 'counter' ? name.replace(/(_total)?$/, '_total') : name;
}

/** Not in prom-client's types. */
function labelNamesOf(metric: MetricObject): string[] {
  return (metric as MetricObject & { labelNames: string[] }).labelNames.toSorted();
}

function sorted(map: Map<string, string[]>): [string, string[]][] {
  return [...map].toSorted(([one], [other]) => one.localeCompare(other));
}

/** What came of it, in the words of what was expected. */
function changed(expected: Change, before: number, after: number): unknown {
  if (expected === 'grows') return after > before ? 'grows' : `${before}, then ${after}`;
  return 'by' in expected ? by(after - before) : to(after);
}

/** What the rows' series are now: of a histogram how many were observed; undefined where there is none. */
async function values(moves: Row[]): Promise<(number | undefined)[]> {
  const texts = new Map<Role, string>();
  for (const role of new Set(moves.map(([of]) => of))) {
    texts.set(role, (await scrapes.get(role)?.()) ?? '');
  }
  return moves.map(([role, metric, labels]) => valueIn(texts.get(role) ?? '', metric, labels));
}

function valueIn(text: string, metric: string, labels: Record<string, string>): number | undefined {
  for (const line of text.split('\n')) {
    const [, name, inner = '', value] = /^([a-z_]+)(?:\{(.*?)\})? (\S+)/.exec(line) ?? [];
    if (name !== metric && name !== `${metric}_count`) continue;
    const found = [...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text]) => [
      label,
      text,
    ]);
    if (found.length !== Object.keys(labels).length) continue;
    if (found.every(([label = '', text]) => labels[label] === text)) return Number(value);
  }
  return undefined;
}

/** Until the API has heard of a price: a bid. */
async function quotedAt(bid: number): Promise<void> {
  await eventually(async () => {
    const { json } = await customer.get(`/api/characters/${CHARACTER}`);
    return (json as { bid: number }).bid;
  }).toBe(bid);
}

function webhook(type: string, secret: string) {
  const data = {
    id: 'ch_1',
    kind: 'charge',
    reference: 'none',
    amount: 1,
    status: 'succeeded',
    failureCode: null,
  };
  const body = JSON.stringify({ id: randomUUID(), type, data });
  const time = Math.floor(Date.now() / 1000);
  const hmac = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return system.request('POST', '/webhooks/payments', {
    headers: { 'content-type': 'application/json', 'gateway-signature': `t=${time},v1=${hmac}` },
    body,
  });
}
