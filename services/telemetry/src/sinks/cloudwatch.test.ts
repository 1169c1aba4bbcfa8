import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { scrape, series, startApp, type TestApp } from '../testing/app.ts';
import { type CloudWatchStandIn, startCloudWatch } from '../testing/cloudwatch.ts';
import { readLines, temporaryDirectory } from '../testing/lines.ts';
import { traceInMemory } from '../testing/tracing.ts';
import { inSpan } from '../tracing/span.ts';
import { inBatches } from './cloudwatch.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };
const DROPPED = 'telemetry_log_lines_dropped_total{target="cloudwatch"}';
const DAY_MS = 24 * 3_600_000;

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function start(directory: string, cloudwatch: CloudWatchStandIn): Promise<TestApp> {
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS', cloudwatch.url);
  return startApp(directory, () => undefined, { cloudwatchLogGroup: 'crows-nest' });
}

/** What is in the stream that the service writes to. */
function received({ groups }: CloudWatchStandIn): string[] {
  const batches = groups.get('crows-nest')?.get('test-one') ?? [];
  return batches.flat().map(({ message }) => (JSON.parse(message) as { message: string }).message);
}

test('sends the lines of the audit stream as they stand in their file', async () => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('crows-nest');
  {
    await using app = await start(directory.path, cloudwatch);
    app.telemetry.audit({ action: 'auth.login', outcome: 'success', actor: 'u-1' });
    app.telemetry.audit({ action: 'auth.logout', outcome: 'success', actor: 'u-1' });
  }
  const batches = cloudwatch.groups.get('crows-nest')?.get('test-one') ?? [];
  const written = await readFile(join(directory.path, 'test-one.audit.log'), 'utf8');
  expect(batches.flat().map(({ message }) => message)).toEqual(written.trimEnd().split('\n'));
  expect(batches.flat()).toHaveLength(2);
});

test('sends every line, gathered, to a stream that it creates, with the time of the line', async () => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('crows-nest');
  using tracing = traceInMemory();
  {
    await using app = await start(directory.path, cloudwatch);
    await inSpan('work', {}, async () => {
      for (let number = 0; number < 100; number += 1) {
        app.telemetry.logger.info(`line ${number}`, { text: 'ä'.repeat(10_000) });
        await new Promise(setImmediate);
      }
    });
  }
  expect(cloudwatch.operations.slice(0, 3)).toEqual([
    'PutLogEvents',
    'CreateLogStream',
    'PutLogEvents',
  ]);
  expect(received(cloudwatch)).toEqual(
    Array.from({ length: 100 }, (_, number) => `line ${number}`),
  );
  const batches = cloudwatch.groups.get('crows-nest')?.get('test-one') ?? [];
  expect(batches.length).toBeLessThan(10);
  const written = await readLines(join(directory.path, 'test-one.log'));
  expect(batches.flat().map(({ timestamp }) => new Date(timestamp).toISOString())).toEqual(
    written.map(({ timestamp }) => timestamp),
  );
  // Sending is nobody's request.
  expect(tracing.spans().map(({ name }) => name)).toEqual(['work']);
});

test.each([
  { status: 400, name: 'ThrottlingException' },
  { status: 503, name: 'ServiceUnavailable' },
])('loses nothing while it gets $name, and says so', async (failure) => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('crows-nest');
  cloudwatch.failing = failure;
  await using app = await start(directory.path, cloudwatch);
  app.telemetry.logger.info('kept');
  await vi.waitFor(async () => {
    const lines = await readLines(join(directory.path, 'test-one.log'));
    expect(lines.find(({ level }) => level === 'warn')).toMatchObject({
      message: 'Log lines cannot be sent to cloudwatch; trying again',
      reason: failure.name,
    });
  }, PATIENCE);
  // The SDK's own attempts, before the queue's.
  expect(cloudwatch.operations.length).toBeGreaterThanOrEqual(3);
  cloudwatch.failing = undefined;
  await vi.waitFor(() => {
    expect(received(cloudwatch)).toContain('kept');
  }, PATIENCE);
  expect(series(await scrape(app.url), DROPPED)).toBe(0);
});

test('ends in time, and counts, when CloudWatch does not answer', async () => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('crows-nest');
  cloudwatch.failing = 'hang';
  await using app = await start(directory.path, cloudwatch);
  for (const message of ['one', 'two', 'three']) app.telemetry.logger.info(message);
  await app.telemetry.close();
  expect(cloudwatch.operations).toHaveLength(1);
  expect(series(await app.telemetry.registry.metrics(), DROPPED)).toBe(3);
});

test('counts the events that CloudWatch finds too old or too new', async () => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('crows-nest');
  cloudwatch.answer = {
    rejectedLogEventsInfo: { tooOldLogEventEndIndex: 2, tooNewLogEventStartIndex: 4 },
  };
  await using app = await start(directory.path, cloudwatch);
  for (let number = 0; number < 5; number += 1) app.telemetry.logger.info(`line ${number}`);
  await app.telemetry.close();
  expect(series(await app.telemetry.registry.metrics(), DROPPED)).toBe(3);
});

test('needs a log group that exists', async () => {
  await using directory = await temporaryDirectory();
  await using cloudwatch = await startCloudWatch('another');
  await using app = await start(directory.path, cloudwatch);
  app.telemetry.logger.info('nowhere to go');
  await vi.waitFor(async () => {
    const lines = await readLines(join(directory.path, 'test-one.log'));
    expect(lines.find(({ level }) => level === 'warn')?.reason).toBe('ResourceNotFoundException');
  }, PATIENCE);
});

function line(milliseconds: number, text = ''): string {
  return JSON.stringify({ timestamp: new Date(milliseconds).toISOString(), text });
}

test('makes batches of at most a megabyte, counted as CloudWatch counts, and says what fits in none', () => {
  const half = line(0, 'ä'.repeat(240_000));
  const { batches, tooLong } = inBatches([half, half, half, line(0, 'x'.repeat(1_048_576))]);
  expect(batches.map((batch) => batch.length)).toEqual([2, 1]);
  expect(tooLong).toBe(1);
  const exact = 1_048_576 - 26;
  const fill = (bytes: number): string => line(0, 'x'.repeat(bytes - line(0).length));
  expect(inBatches([fill(exact)]).batches).toHaveLength(1);
  expect(inBatches([fill(exact + 1)]).tooLong).toBe(1);
  expect(inBatches([fill(exact - 100), fill(74)]).batches).toHaveLength(1);
  expect(inBatches([fill(exact - 100), fill(75)]).batches).toHaveLength(2);
});

test('makes batches of at most 10,000 events, within a day, in the order of their times', () => {
  const many = inBatches(Array.from({ length: 10_001 }, () => line(0)));
  expect(many.batches.map((batch) => batch.length)).toEqual([10_000, 1]);
  const { batches } = inBatches([DAY_MS, 1, 0, DAY_MS - 1].map((time) => line(time)));
  expect(batches.map((batch) => batch.map(({ timestamp }) => timestamp))).toEqual([
    [0, 1, DAY_MS - 1],
    [DAY_MS],
  ]);
});
