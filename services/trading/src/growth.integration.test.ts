import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeMarket } from './market/compose.ts';
import { createClosing } from './lifecycle.ts';
import { loadHistory } from './seed/load.ts';
import { createRandom } from './seed/random.ts';
import { eventually } from './testing/eventually.ts';
import { startMailServer } from './testing/mail.ts';
import {
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  type Customer,
  type TestSystem,
} from './testing/system.ts';
import { composeWorker } from './worker/compose.ts';

/**
 * With a past behind it, nothing that is done again and again reads a growing table from one end to the other. PostgreSQL
 * itself counts such scans, also those inside of functions and triggers, where EXPLAIN does not look.
 */

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
  await loadHistory(system.database.url, {
    customers: 4000,
    trades: 30_000,
    random: createRandom(1),
  });
  await fillTheRest();
  await settleLedger();
  await system.database.sql('VACUUM ANALYZE');
}, 180_000);
afterAll(() => system.close());

/** The ledger check takes in once what was loaded, by reading it; when it may depends on whatever else runs on this server. */
async function settleLedger(): Promise<void> {
  let behind = true;
  while (behind) {
    await system.database.sql('SELECT advance_ledger_sums()');
    const [row] = await system.database.sql<{ behind: boolean }>(
      'SELECT settled < (SELECT max(id) FROM entries) AS behind FROM ledger_checkpoint',
    );
    behind = row?.behind ?? false;
    await wait(50);
  }
}

/** Growing tables that the made-up past leaves empty: a few thousand rows each, of the loaded customers. */
async function fillTheRest(): Promise<void> {
  for (const statement of [
    `INSERT INTO sessions (token_hash, user_id, expires_at)
     SELECT sha256(id::text::bytea), id, now() + interval '3 days' FROM users`,
    `INSERT INTO user_activity (user_id, seen_at) SELECT id, now() - interval '1 hour' FROM users ON CONFLICT DO NOTHING`,
    `INSERT INTO idempotency_keys (user_id, key, request, outcome, status, body, created_at)
     SELECT id, 'past', '', 'executed', 201, '{}', now() - interval '1 hour' FROM users`,
    `INSERT INTO notifications (message_id, claimed_until, sent_at)
     SELECT 'past-' || id, now() - interval '1 hour', now() FROM users`,
    `INSERT INTO statements SELECT s.* FROM users u,
       compute_statement(u.id, (now() AT TIME ZONE 'UTC')::date - 3) s`,
  ]) {
    await system.database.sql(statement);
  }
}

const GROWING = [
  'users',
  'sessions',
  'user_activity',
  'accounts',
  'balances',
  'transfers',
  'entries',
  'trades',
  'orders',
  'positions',
  'idempotency_keys',
  'notifications',
  'statements',
  'candles',
];

test('no sequential scan of a growing table by anything that the API, the market or the worker does', async () => {
  const before = await scans();
  const mail = await startMailServer();
  const config = testConfig(system.database, { SMTP_URL: mail.url });
  const roles = ['market', 'worker'] as const;
  const started = await Promise.all(
    roles.map(async (role) => {
      const telemetry = createTestTelemetry(role, config);
      const closing = createClosing(telemetry.logger);
      const compose = role === 'market' ? composeMarket : composeWorker;
      return { telemetry, closing, ...(await compose(config, telemetry, closing)) };
    }),
  );
  const [market, worker] = started;

  const customer = await system.register();
  await eventually(async () => (await customer.trade(order('buy'))).status).toBe(201);
  expect((await customer.trade(order('sell'))).status).toBe(201);
  await everyRead(customer);
  await orders(customer);
  const metric = async (port: number | undefined, name: string) =>
    metricIn(await (await fetch(`http://127.0.0.1:${port ?? 0}/metrics`)).text(), name);
  // Once around: every task of the worker has looked, and the market has saved a sample of each second.
  await eventually(() => metric(worker?.port, 'jobs_processed_total')).toBeGreaterThan(0);
  await eventually(() => metric(worker?.port, 'customer_holdings_value')).toBeGreaterThan(0);
  await eventually(() => metric(market?.port, 'market_ticks_total')).toBeGreaterThan(20);

  // A back end tells its counts when it ends, at the latest.
  for (const { closing, telemetry } of started) {
    await closing.closeAll();
    await telemetry.close();
  }
  await system.closing.closeAll();
  await mail.close();
  const after = await scans();
  const scanned = GROWING.filter((table) => (after.get(table) ?? 0) > (before.get(table) ?? 0));
  expect(scanned).toEqual([]);
  // What is not there, or is not counted, would be found to be well.
  expect(GROWING.filter((table) => !before.has(table))).toEqual([]);
});

const order = (action: 'buy' | 'sell') => ({ characterId: CHARACTER, action, quantity: 1 });

/** Every GET of the OpenAPI document. */
async function everyRead(customer: Customer): Promise<void> {
  const { json } = await system.request('GET', '/openapi.json');
  const { paths } = json as { paths: Record<string, Record<string, unknown>> };
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  for (const [path, methods] of Object.entries(paths)) {
    if (!('get' in methods)) continue;
    const id = path.includes('characters') ? CHARACTER : '1';
    const complete = path.replace('{id}', id).replace('{date}', yesterday);
    const { status, text } = await customer.get(complete);
    expect(status, `${complete}: ${text.slice(0, 200)}`).toBeLessThan(500);
  }
  for (const query of ['?status=open', '?limit=100', '?before=1000']) {
    expect((await customer.get(`/api/orders${query}`)).status).toBe(200);
  }
}

async function orders(customer: Customer): Promise<void> {
  const headers = { authorization: `Bearer ${customer.token}` };
  const body = { characterId: CHARACTER, side: 'buy', quantity: 1, limitPrice: 1 };
  const key = { 'idempotency-key': crypto.randomUUID() };
  const { json } = await system.post('/api/orders', body, { ...headers, ...key });
  const { id } = json as { id: string };
  expect((await system.request('DELETE', `/api/orders/${id}`, { headers })).status).toBe(200);
}

/** How often each table was read from one end to the other. */
async function scans(): Promise<Map<string, number>> {
  // A back end tells of its own scans once a second at most: what was arranged here would else be counted as the API's, later.
  await system.database.sql('SELECT pg_stat_force_next_flush()');
  const rows = await system.database.sql<{ relname: string; seq_scan: string }>(
    'SELECT relname, seq_scan FROM pg_stat_user_tables',
  );
  return new Map(rows.map(({ relname, seq_scan: count }) => [relname, Number(count)]));
}
