import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { runInContext } from '../context.ts';
import { type Line, readLines, temporaryDirectory } from '../testing/lines.ts';
import { traceInMemory } from '../testing/tracing.ts';
import { inSpan } from '../tracing/span.ts';
import { createLogging, type Logging } from './logger.ts';

const ORIGIN = { service: 'api', version: '1.2.3', environment: 'test', instance: 'one' };

async function logged(
  write: (logging: Logging) => void | Promise<void>,
): Promise<{ lines: Line[]; count: (level: string) => Promise<number> }> {
  await using directory = await temporaryDirectory();
  const registers = [new Registry()];
  const lines = new Counter({ name: 'lines', help: '-', labelNames: ['level'], registers });
  const dropped = new Counter({ name: 'dropped', help: '-', labelNames: ['target'], registers });
  const logging = createLogging({
    origin: ORIGIN,
    revision: 'abc',
    level: 'info',
    directory: directory.path,
    sentryDsn: undefined,
    cloudwatchLogGroup: undefined,
    lines,
    dropped,
  });
  await write(logging);
  await logging.close(1_000);
  return {
    lines: await readLines(join(directory.path, 'api-one.log')),
    async count(level) {
      return (await lines.get()).values.find(({ labels }) => labels.level === level)?.value ?? 0;
    },
  };
}

test('writes one line of JSON with all that is known, in a fixed order', async () => {
  using tracing = traceInMemory();
  const ids = { requestId: 'r', correlationId: 'c', userId: 'u' };
  const { lines } = await logged(({ logger }) =>
    runInContext(ids, () =>
      inSpan('trade', {}, () => {
        logger.info('two\nlines', { quantity: 3, service: 'forged', requestId: 'forged' });
        return Promise.resolve();
      }),
    ),
  );
  expect(Object.keys(lines[0] ?? {})).toEqual(
    'timestamp level message service version environment instance event_id requestId correlationId traceId spanId userId quantity'.split(
      ' ',
    ),
  );
  const span = tracing.spans()[0]?.spanContext();
  expect(lines).toMatchObject([
    {
      level: 'info',
      message: 'two\nlines',
      ...ORIGIN,
      ...ids,
      traceId: span?.traceId,
      spanId: span?.spanId,
      quantity: 3,
    },
  ]);
  expect(lines[0]?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('gives every line an id of its own', async () => {
  const { lines } = await logged(({ logger }) => {
    for (let number = 0; number < 5_000; number += 1) logger.info('line');
  });
  expect(lines).toHaveLength(5_000);
  expect(new Set(lines.map(({ event_id }) => event_id)).size).toBe(5_000);
});

test('follows its level at run time and counts what it writes', async () => {
  const { lines, count } = await logged(({ logger }) => {
    logger.debug('unheard');
    logger.level = 'debug';
    logger.debug('heard');
    logger.level = 'error';
    logger.warn('unheard');
    logger.error('heard');
  });
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ['debug', 'heard'],
    ['error', 'heard'],
  ]);
  expect(await count('debug')).toBe(1);
  expect(await count('warn')).toBe(0);
});

test('redacts message and fields', async () => {
  const { lines } = await logged(({ logger }) => {
    logger.info('login of nami@sunny.test', { body: { password: 'hunter2' } });
    logger.error('failed', new Error('token=abcdef'));
  });
  expect(JSON.stringify(lines)).not.toMatch(/nami@|hunter2|abcdef/);
  expect(lines[0]?.body).toEqual({ password: '[REDACTED]' });
});

test('keeps the fields of a message with a percent sign, and the stack of an error', async () => {
  const { lines } = await logged(({ logger }) => {
    logger.info('100%d of it', { quantity: 3 });
    logger.error('cannot trade', new RangeError('no cash'));
    logger.error(new RangeError('no cash'));
  });
  expect(lines[0]).toMatchObject({ message: '100%d of it', quantity: 3 });
  expect(lines[1]?.message).toBe('cannot trade no cash');
  expect(lines[1]?.stack).toContain('logger.test.ts');
  expect(JSON.stringify(lines[2])).toContain('no cash');
});

test('writes what nobody should have logged', async () => {
  const circular: Record<string, unknown> = { big: 1n };
  circular.self = circular;
  const { lines } = await logged(({ logger }) => {
    logger.info('odd', circular);
    logger.info({ no: 'message' });
    logger.info(undefined);
    logger.info('odd', null);
    logger.info('long', { text: 'x'.repeat(1_000_000) });
  });
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatchObject({ big: '1', self: { self: '[circular]' } });
  expect(JSON.stringify(lines[4]).length).toBeLessThan(20_000);
});

test('a process that ends at once writes its lines all the same', async () => {
  await using directory = await temporaryDirectory();
  const program = `
    import { createTelemetry } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
    const telemetry = createTelemetry({ ...${JSON.stringify(ORIGIN)}, logLevel: 'info', logDirectory: ${JSON.stringify(directory.path)} });
    telemetry.logger.error('last words');
    process.exit(1);`;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(1);
  expect(stdout).toContain('last words');
  const lines = await readLines(join(directory.path, 'api-one.log'));
  expect(lines.map(({ message }) => message)).toEqual(['last words']);
});
