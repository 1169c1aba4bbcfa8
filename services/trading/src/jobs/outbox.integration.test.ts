import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
import { createDatabase, type Database } from '../database.ts';
import { eventually } from '../testing/eventually.ts';
import {
  createTestTelemetry,
  startSystem,
  testRedisUrl,
  type TestSystem,
} from '../testing/system.ts';
import { enqueue, startRelay } from './outbox.ts';
import { createQueues, type Queues } from './queues.ts';

let system: TestSystem;
let telemetry: Telemetry;
let database: Database;
let redis: Redis;
let queues: Queues;
let relay: ReturnType<typeof startRelay> | undefined;

beforeAll(async () => {
  system = await startSystem();
  telemetry = createTestTelemetry('worker', system.config);
  database = createDatabase({ url: system.config.databaseUrl, poolMax: 2 }, telemetry);
  redis = new Redis(testRedisUrl());
  queues = createQueues(redis, telemetry.logger);
}, 120_000);
beforeEach(async () => {
  await system.database.sql(
    `INSERT INTO outbox_relayed (id, topic, payload, carrier, created_at, redis_run, relayed_at)
     VALUES (-1, 'trade-confirmation', '{}', '{}', now(), 'one', now() - interval '1 hour')`,
  );
  await enqueue(database, 'trade-confirmation', { tradeId: 'a-trade' });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await eventually(() => ids('outbox')).toEqual([]);
  await relay?.close();
  await system.database.sql('DELETE FROM outbox_relayed');
});
afterAll(async () => {
  await queues.close();
  await redis.quit();
  await database.close();
  await telemetry.close();
  await system.close();
});

async function ids(table: 'outbox' | 'outbox_relayed'): Promise<number[]> {
  const rows = await system.database.sql<{ id: number }>(`SELECT id::int FROM ${table}`);
  return rows.map(({ id }) => id);
}

test.each([
  ['is started anew while it is handed messages', ['run_id:one', 'run_id:two']],
  ['cannot write to its disk', ['aof_last_write_status:err\r\nrun_id:one']],
  [
    'can write no more once it has messages',
    ['run_id:one', 'aof_last_write_status:err\r\nrun_id:one'],
  ],
  ['says no more who it is once it has messages', ['run_id:one', '']],
])('a Redis that %s is trusted with nothing, and nothing is forgotten', async (_, says) => {
  let asked = 0;
  const info = vi.spyOn(redis, 'info');
  info.mockImplementation(() => Promise.resolve(says[asked++ % says.length] ?? ''));
  const waiting = await ids('outbox');
  expect(waiting).toHaveLength(1);

  relay = startRelay({ database, queues, redis, telemetry });
  await eventually(() => asked).toBeGreaterThanOrEqual(4);
  expect(await ids('outbox')).toEqual(waiting);
  expect(await ids('outbox_relayed')).toEqual([-1]);
});
