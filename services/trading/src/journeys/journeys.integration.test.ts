import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
// Telemetry's own means of looking at lines and spans.
import { readLines, temporaryDirectory } from '../../../telemetry/src/testing/lines.ts';
import { traceInMemory } from '../../../telemetry/src/testing/tracing.ts';
import type { Config } from '../config.ts';
import { createDatabase, type Database } from '../database.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { createWorkerMetrics } from '../metrics/roles.ts';
import { eventually } from '../testing/eventually.ts';
import { startGateway, type TestGateway } from '../testing/gateway.ts';
import { startMailServer, type MailServer } from '../testing/mail.ts';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import {
  createTestTelemetry,
  startSystem,
  testConfig,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';
import { journeysTask } from './walk.ts';

let system: TestSystem;
let gateway: TestGateway;
let mail: MailServer;
let web: Proxy;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let config: Config;
let quoting: NodeJS.Timeout;
/** A whole worker, which works on the payments and walks once, when it starts. */
let worker: { port: number; telemetry: Telemetry; closing: Closing };

beforeAll(async () => {
  system = await startSystem();
  await system.quote();
  // Who has no plan sees quotes 5 s late, and so needs some that are as old.
  await system.database.sql(
    `INSERT INTO quotes (quoted_at, character_id, bid, ask, last)
     SELECT now() - interval '6 seconds', id, 999, 1001, 1000 FROM characters`,
  );
  quoting = setInterval(() => void system.quote(), 500);
  gateway = await startGateway(system, system.telemetry);
  mail = await startMailServer();
  web = await createProxy(system.url);
  directory = await temporaryDirectory();
  const passwordFile = join(directory.path, 'password');
  writeFileSync(passwordFile, 'as long as it need be\n');
  config = testConfig(system.database, {
    JOURNEY_URL: web.url,
    SYNTHETIC_PASSWORD_FILE: passwordFile,
    GATEWAY_URL: gateway.url,
    SMTP_URL: mail.url,
    LOG_DIRECTORY: directory.path,
    LOG_LEVEL: 'warn',
  });
  const telemetry = createTestTelemetry('worker', config);
  const closing = createClosing(telemetry.logger);
  worker = { ...(await composeWorker(config, telemetry, closing)), telemetry, closing };
}, 120_000);
afterAll(async () => {
  clearInterval(quoting);
  expect(await worker.closing.closeAll()).toBe(true);
  await worker.telemetry.close();
  await web.close();
  await mail.close();
  await gateway.close();
  await system.close();
  await directory[Symbol.asyncDispose]();
});

/** What each step came to, in a text of metrics. */
function outcomesIn(metrics: string): Record<string, number> {
  const lines = metrics.matchAll(/^journey_success\{journey="(\w+)",step="(\w+)"\} (\d)/gm);
  return Object.fromEntries(
    [...lines].map(([, journey, step, one]) => [`${journey} ${step}`, Number(one)]),
  );
}

const ALL_WELL = {
  'register register': 1,
  'register login': 1,
  'deposit ask': 1,
  'deposit credited': 1,
  'buy quote': 1,
  'buy order': 1,
  'sell holding': 1,
  'sell order': 1,
  'portfolio read': 1,
};

test('a worker walks the journeys as it starts', async () => {
  const metrics = async () => (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
  await eventually(async () => outcomesIn(await metrics())).toEqual(ALL_WELL);
  expect(await metrics()).toMatch(
    /^journey_duration_seconds\{journey="buy",step="order"\} 0\.\d+$/m,
  );
});

/** Somebody else who walks: another worker, whenever the test wants. */
let walker: {
  telemetry: Telemetry;
  database: Database;
  stop: AbortController;
  walk(): Promise<void>;
  metrics(): Promise<string>;
};
beforeEach(async () => {
  await resetTurn();
  const telemetry = createTestTelemetry('walker', config);
  const database = createDatabase({ url: config.databaseUrl, poolMax: 1 }, telemetry);
  const stop = new AbortController();
  const { journeys } = config;
  if (!journeys) throw new Error('There are no journeys');
  const metrics = createWorkerMetrics(telemetry.registry);
  const task = journeysTask({ journeys, database, telemetry, metrics });
  walker = {
    telemetry,
    database,
    stop,
    walk: () => task.run(stop.signal),
    metrics: () => telemetry.registry.metrics(),
  };
});
afterEach(async () => {
  await web.restore();
  await walker.database.close();
  await walker.telemetry.close();
});

const resetTurn = () => system.database.sql("UPDATE journey_turns SET began_at = '-infinity'");
const outcomes = async () => outcomesIn(await walker.metrics());
const failures = async () =>
  (await readLines(join(directory.path, `walker-${config.instance}.log`))).filter(
    ({ message }) => message === 'Journey failed',
  );

test('who walks stays solvent, keeps no shares and leaves no session open', async () => {
  for (let n = 0; n < 3; n += 1) {
    await resetTurn();
    await walker.walk();
    expect(await outcomes()).toEqual(ALL_WELL);
  }
  const has = await system.database.sql(
    `SELECT asset, balance::int FROM users u JOIN accounts a ON a.user_id = u.id JOIN balances b ON b.account_id = a.id
     WHERE username = 'synthetic' AND purpose = 'customer' ORDER BY asset <> 'BERRY'`,
  );
  // A share costs 1001 cents and brings 999; commission is 1 each, and the least deposit 100.
  const walks = 4;
  expect(has).toEqual([
    { asset: 'BERRY', balance: 1_000_000 + walks * (100 - 4) },
    { asset: expect.any(String) as string, balance: 0 },
  ]);
  // But for that of the registration, which expires.
  expect(await system.database.sql('SELECT FROM sessions')).toHaveLength(1);
  expect(await failures()).toEqual([]);
});

test('what fails is told by journey and step, and does not hold up the others; what it leaves is sold next time', async () => {
  using tracing = traceInMemory();
  await system.database.sql(
    `CREATE FUNCTION refuse_sale() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'No sales today'; END $$;
     CREATE TRIGGER no_sales BEFORE INSERT ON trades FOR EACH ROW WHEN (NEW.action = 'sell') EXECUTE FUNCTION refuse_sale()`,
  );
  await walker.walk();
  expect(await outcomes()).toEqual({ ...ALL_WELL, 'sell order': 0 });
  expect(await walker.metrics()).not.toMatch(
    /^journey_duration_seconds\{journey="sell",step="order"\}/m,
  );
  const [user] = await system.database.sql("SELECT id FROM users WHERE username = 'synthetic'");
  await eventually(failures).toMatchObject([
    {
      level: 'warn',
      journey: 'sell',
      step: 'order',
      userId: user?.['id'] as string,
      error: {
        message: expect.stringMatching(/^POST \/api\/trade: expected 201, but 500 /) as string,
      },
    },
  ]);
  const steps = tracing.spans().filter(({ name }) => name === 'journey.step');
  expect(new Set(steps.map((span) => span.spanContext().traceId)).size).toBe(1);

  await system.database.sql('DROP TRIGGER no_sales ON trades');
  await resetTurn();
  await walker.walk();
  expect(await outcomes()).toEqual(ALL_WELL);
  const held = await system.database.sql('SELECT FROM positions WHERE quantity > 0');
  expect(held).toEqual([]);
});

test('while the gateway is away every journey fails', async () => {
  await web.cut();
  await walker.walk();
  expect(Object.values(await outcomes())).toEqual(Object.values(ALL_WELL).map(() => 0));
});

test('of two workers one walks, and the other tells nothing, not what was once', async () => {
  await walker.walk();
  expect(await outcomes()).toEqual(ALL_WELL);
  // Somebody else has walked just now.
  await walker.walk();
  expect(await outcomes()).toEqual({});
});

test('a walk is broken off when the process ends, and tells nothing', async () => {
  web.freeze();
  const walking = walker.walk();
  walker.stop.abort();
  await walking;
  expect(await outcomes()).toEqual({});
});
