import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
// Telemetry's own means of looking at lines.
import { verifyDirectory } from '../../telemetry/src/audit/verify.ts';
import { readLines, temporaryDirectory } from '../../telemetry/src/testing/lines.ts';
import { eventually } from './testing/eventually.ts';
import { connectStream } from './testing/stream.ts';
import { CHARACTER, startSystem, testEnvironment, type TestSystem } from './testing/system.ts';

/** The roles as they are really started: processes, with their exit codes. */

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());

interface Started {
  process: ChildProcess;
  url: string;
  output: () => string;
  exit: Promise<number | null>;
}

async function start(
  role: string,
  environment: Record<string, string | undefined> = {},
): Promise<Started> {
  const port = await freePort();
  const main = fileURLToPath(new URL(`${role}.ts`, import.meta.url));
  const child = spawn('node', ['--import', '@crows-nest/telemetry/register', main], {
    env: {
      PATH: process.env['PATH'],
      ...testEnvironment(system.database),
      PORT: String(port),
      OTEL_TRACES_EXPORTER: 'none',
      ...environment,
    },
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  return { process: child, url: `http://127.0.0.1:${port}`, output: () => output, exit };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const status = (url: string) =>
  fetch(url).then(
    ({ status: code }) => code,
    () => 0,
  );

describe('on SIGTERM', () => {
  test.each(['api/main', 'market/main', 'worker/main'])(
    '%s turns not ready, then exits 0',
    async (role) => {
      const started = await start(role, { SHUTDOWN_DELAY_MS: '2000' });
      await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
      expect(await status(`${started.url}/health/startup`)).toBe(200);
      expect(await status(`${started.url}/metrics`)).toBe(200);

      started.process.kill('SIGTERM');
      await eventually(() => status(`${started.url}/health/ready`)).toBe(503);
      expect(await status(`${started.url}/health/live`)).toBe(200);
      expect(await started.exit, started.output()).toBe(0);
    },
  );

  test('the api finishes what is under way', async () => {
    const started = await start('api/main');
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);

    // A request whose body is still coming when the signal does.
    const body = JSON.stringify({
      username: 'late',
      email: 'late@example.com',
      password: 'a long enough password',
    });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const request = httpRequest(`${started.url}/auth/register`, { method: 'POST', headers });
    request.write(body.slice(0, 10));
    await eventually(() => request.socket?.connecting).toBe(false);
    started.process.kill('SIGTERM');
    await eventually(() => status(`${started.url}/health/live`)).toBe(0);
    request.end(body.slice(10));
    const [response] = (await once(request, 'response')) as [{ statusCode: number }];

    expect(response.statusCode).toBe(201);
    expect(await started.exit, started.output()).toBe(0);
  });

  test('the api closes streams with 1001, and waits for none that does not answer', async () => {
    const started = await start('api/main');
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
    const { token } = await system.register();
    const headers = { authorization: `Bearer ${token}` };
    const client = await connectStream(started.url, headers);
    const dead = await connectStream(started.url, headers);
    dead.socket.pause();

    started.process.kill('SIGTERM');
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(await started.exit, started.output()).toBe(0);
  });

  test.each(['api/main', 'worker/main'])('%s exits 0 also while Redis is away', async (role) => {
    const started = await start(role, { REDIS_URL: 'redis://127.0.0.1:1' });
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
    started.process.kill('SIGTERM');
    expect(await started.exit, started.output()).toBe(0);
  });

  test('a role that still waits for Postgres exits', async () => {
    const started = await start('market/main', { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' });
    await eventually(() => status(`${started.url}/health/startup`)).toBe(503);
    started.process.kill('SIGTERM');
    expect(await started.exit, started.output()).toBe(0);
  });
});

test.each(['api', 'market', 'worker'])(
  'on SIGUSR2 %s writes debug lines, and on the next none any more; both are in the log and in the audit stream',
  async (role) => {
    await using logs = await temporaryDirectory();
    const started = await start(`${role}/main`, {
      LOG_LEVEL: 'error',
      LOG_DIRECTORY: logs.path,
      INSTANCE: 'one',
    });
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
    const lines = () => readLines(join(logs.path, `${role}-one.log`));
    const changes = async () =>
      (await lines()).flatMap(({ message, logLevel }) =>
        message === 'Log level changed' ? [logLevel] : [],
      );
    const healthLines = async () =>
      (await lines()).filter(({ message }) => message === 'GET /health/live 200').length;

    started.process.kill('SIGUSR2');
    await eventually(changes).toEqual(['debug']);
    await status(`${started.url}/health/live`);
    await eventually(healthLines).toBe(1);
    started.process.kill('SIGUSR2');
    await eventually(changes).toEqual(['debug', 'error']);
    await status(`${started.url}/health/live`);
    started.process.kill('SIGTERM');
    expect(await started.exit, started.output()).toBe(0);
    expect(await healthLines()).toBe(1);
    const event = { action: 'log.level', outcome: 'success', reason: 'SIGUSR2' };
    expect(await readLines(join(logs.path, `${role}-one.audit.log`))).toMatchObject([
      { ...event, target: 'debug' },
      { ...event, target: 'error' },
    ]);
  },
);

test('the audit stream goes on after an api that was killed while it wrote', async () => {
  await using logs = await temporaryDirectory();
  const environment = { LOG_LEVEL: 'error', LOG_DIRECTORY: logs.path, INSTANCE: 'one' };
  const written = async () => (await verifyDirectory(logs.path))[0]?.lines ?? 0;
  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGTERM'] as const) {
    const before = await written();
    const started = await start('api/main', environment);
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
    const asking = Array.from({ length: 200 }, () =>
      fetch(`${started.url}/deployments`, { method: 'POST' }).catch(() => undefined),
    );
    await eventually(written).toBeGreaterThan(before + 20);
    started.process.kill(signal);
    await started.exit;
    await Promise.all(asking);
  }
  expect(await verifyDirectory(logs.path)).toMatchObject([
    { name: 'api-one.audit.log', wrong: [] },
  ]);
});

test('an api that was paused while a fault was on comes back without it', async () => {
  const started = await start('api/main', { FAULTS: 'on', LOG_LEVEL: 'error' });
  onTestFinished(() => void started.process.kill('SIGKILL'));
  const begin = () =>
    fetch(`${started.url}/faults/errors`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ seconds: 8, ratio: 1 }),
    }).then(
      (answer) => answer.status,
      () => 0,
    );
  await eventually(begin).toBe(200);
  expect(await status(`${started.url}/dora`)).toBe(500);
  started.process.kill('SIGSTOP');
  // What it sees first when it goes on is the request that came meanwhile.
  const asked = status(`${started.url}/dora`);
  await eventually(() => system.redis.exists('fault:errors')).toBe(0);
  started.process.kill('SIGCONT');
  expect(await asked).toBe(200);
  started.process.kill('SIGTERM');
  expect(await started.exit, started.output()).toBe(0);
});

describe('with DEBUG', () => {
  test.each([
    ['market', 'app:market', 'A round of quotes'],
    ['market', 'app:matching', 'An order that the quote has reached'],
    ['worker', 'app:outbox', 'Messages handed to their queues'],
  ])('%s writes the lines of %s at any level', async (role, namespace, message) => {
    const started = await start(`${role}/main`, { LOG_LEVEL: 'error', DEBUG: namespace });
    await eventually(() => status(`${started.url}/health/ready`)).toBe(200);
    // A message for the outbox, and what the market fills at once.
    const customer = await system.register();
    const order = { characterId: CHARACTER, side: 'buy', quantity: 1, limitPrice: 500_000 };
    expect((await customer.order(order)).status).toBe(201);
    await eventually(started.output).toContain(message);
    expect(started.output()).toContain(`"namespace":"${namespace}"`);
    started.process.kill('SIGTERM');
    await started.exit;
  });
});

describe('migrate', () => {
  test('run three times at once exits 0 each time, and changes nothing that is there', async () => {
    const migrations = () =>
      system.database.sql('SELECT name, run_on FROM schema_migrations ORDER BY id');
    const before = await migrations();
    expect(before).not.toEqual([]);
    const runs = await Promise.all([
      start('migrate/main'),
      start('migrate/main'),
      start('migrate/main'),
    ]);
    for (const { exit, output } of runs) expect(await exit, output()).toBe(0);
    expect(await migrations()).toEqual(before);
  });

  test('exits 1 when there is no Postgres', async () => {
    const { exit } = await start('migrate/main', { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' });
    expect(await exit).toBe(1);
  });
});

test('a wrong setting is named on one line, and the process exits 1', async () => {
  const { exit, output } = await start('api/main', { REDIS_URL: 'localhost' });
  expect(await exit).toBe(1);
  expect(output()).toContain(
    'REDIS_URL: expected a URL like redis://redis:6379, but it is "localhost".',
  );
  expect(output()).not.toMatch(/^\s+at /m);
});

test('the audit finds the books right and exits 0', async () => {
  const { exit, output } = await start('ledger/audit-main');
  expect(await exit, output()).toBe(0);
  expect(output()).toContain('The books are right.');
});
