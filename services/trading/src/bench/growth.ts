import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Redis } from 'ioredis';
import { composeApi } from '../api/compose.ts';
import { hashToken, newToken } from '../auth/tokens.ts';
import { createClosing } from '../lifecycle.ts';
import { loadHistory } from '../seed/load.ts';
import { createRandom } from '../seed/random.ts';
import { listen } from '../server.ts';
import { cloneTemplate, required, type TestDatabase } from '../testing/database.ts';
import { createTestTelemetry, publishQuotes, testConfig } from '../testing/system.ts';

/**
 * How reading slows down as history grows: the 95th percentile of each read with a million trades of 100,000 customers behind it, over the
 * same with a thousand of a hundred. Both APIs run in this process, and rounds take turns, so that whatever else the machine does
 * meets both alike. To reach: 1.2.
 *
 *   TEST_DATABASE_URL=… TEST_REDIS_URL=… npm run bench:growth -w @crows-nest/trading
 */

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '100000' },
    trades: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '30' },
    /** Only reads whose path contains it. */
    only: { type: 'string', default: '' },
  },
});
const CALLS_A_ROUND = 20;
const READERS = 200;

interface Exchange {
  database: TestDatabase;
  url: string;
  tokens: string[];
  times: Map<string, number[]>;
  close(): Promise<void>;
}

async function open(admin: pg.Client, customers: number, trades: number, redisDatabase: number) {
  const database = await cloneTemplate(admin);
  const started = performance.now();
  await loadHistory(database.url, { customers, trades, random: createRandom(1) });
  await database.sql('VACUUM ANALYZE');
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const [size] = await database.sql<{ size: string }>(
    'SELECT pg_size_pretty(pg_database_size(current_database())) AS size',
  );
  console.log(`${trades} trades of ${customers} customers: ${size?.size ?? '?'} in ${seconds} s`);

  const redisUrl = new URL(required('TEST_REDIS_URL'));
  redisUrl.pathname = `/${redisDatabase}`;
  const config = testConfig(database, { REDIS_URL: redisUrl.href });
  const telemetry = createTestTelemetry('api', config);
  const closing = createClosing(telemetry.logger);
  const { app, health, streams } = await composeApi(config, telemetry, closing);
  const server = await listen(app, health, config, streams);
  closing.defer('server', () => server.drain());
  const redis = new Redis(redisUrl.href);
  const quoting = setInterval(() => void publishQuotes(redis, database), 500);
  const exchange: Exchange = {
    database,
    url: `http://127.0.0.1:${server.port}`,
    tokens: await openSessions(database),
    times: new Map(),
    async close() {
      clearInterval(quoting);
      redis.disconnect();
      await closing.closeAll();
      await telemetry.close();
      await database.drop();
    },
  };
  return exchange;
}

/** Sessions of customers picked at random: also of the busy ones. */
async function openSessions(database: TestDatabase): Promise<string[]> {
  const users = await database.sql<{ id: string }>(
    `SELECT id FROM users ORDER BY md5(id::text) LIMIT ${READERS}`,
  );
  const tokens = users.map(() => newToken());
  await database.sql(
    `INSERT INTO sessions (token_hash, user_id, expires_at)
     SELECT hash, id, now() + interval '1 hour' FROM unnest($1::bytea[], $2::uuid[]) AS s (hash, id)`,
    [tokens.map(hashToken), users.map(({ id }) => id)],
  );
  return tokens;
}

const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const READS = [
  '/auth/me',
  '/api/characters',
  '/api/characters/sable-nine',
  '/api/characters/sable-nine/history?interval=1h',
  '/api/characters/sable-nine/research',
  '/api/portfolio',
  '/api/trades',
  '/api/trades?limit=100',
  '/api/orders',
  '/api/orders?status=open',
  `/api/statements/${yesterday}`,
  '/api/payments',
].filter((path) => path.includes(values.only));

async function measure({ url, tokens, times }: Exchange, path: string): Promise<void> {
  const taken = times.get(path) ?? [];
  times.set(path, taken);
  for (let n = 0; n < CALLS_A_ROUND; n += 1) {
    const token = tokens[Math.floor(Math.random() * tokens.length)] ?? '';
    const started = performance.now();
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    await response.text();
    taken.push(performance.now() - started);
    if (![200, 403].includes(response.status)) throw new Error(`${path}: ${response.status}`);
  }
}

function p95(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
}

const admin = new pg.Client(required('TEST_DATABASE_URL'));
await admin.connect();
const small = await open(admin, 100, 1000, 7);
const large = await open(admin, Number(values.customers), Number(values.trades), 8);
try {
  // The first rounds fill caches and plans.
  for (let round = -3; round < Number(values.rounds); round += 1) {
    for (const path of READS) {
      const pair = round % 2 === 0 ? [small, large] : [large, small];
      for (const exchange of pair) await measure(exchange, path);
    }
    if (round === -1) for (const { times } of [small, large]) times.clear();
  }
  console.log('\np95 in ms'.padEnd(56), 'small', ' large', ' ratio');
  for (const path of READS) {
    const before = p95(small.times.get(path) ?? []);
    const after = p95(large.times.get(path) ?? []);
    const row = [before.toFixed(2), after.toFixed(2), (after / before).toFixed(2)];
    console.log(path.padEnd(55), ...row.map((cell) => cell.padStart(6)));
  }
} finally {
  await large.close();
  await small.close();
  await admin.end();
}
