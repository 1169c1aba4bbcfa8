import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTelemetry, type Telemetry } from '../telemetry.ts';
import { readLines, temporaryDirectory } from '../testing/lines.ts';

async function written(debug: string, write: (telemetry: Telemetry) => void) {
  await using directory = await temporaryDirectory();
  const telemetry = createTelemetry({
    service: 'api',
    version: '1.2.3',
    environment: 'test',
    instance: 'one',
    logLevel: 'info',
    logDirectory: directory.path,
    debug,
  });
  write(telemetry);
  await telemetry.close();
  return await readLines(join(directory.path, 'api-one.log'));
}

test.each([
  ['', []],
  ['app:market', ['app:market']],
  ['app:*', ['app:market', 'app:market:walk', 'app:outbox']],
  ['app:*,-app:outbox', ['app:market', 'app:market:walk']],
  ['-app:market:*, app:market*', ['app:market']],
  ['app:outbox app:market', ['app:market', 'app:outbox']],
  ['other:*', []],
])('DEBUG=%s lets through the lines of %j', async (debug, expected) => {
  const lines = await written(debug, (telemetry) => {
    for (const name of ['app:market', 'app:market:walk', 'app:outbox']) {
      telemetry.debug(name)('here', { password: 'hunter2' });
    }
    telemetry.logger.debug('of no namespace');
  });
  expect(lines.map(({ namespace }) => namespace)).toEqual(expected);
  for (const line of lines) {
    expect(line).toMatchObject({ level: 'debug', message: 'here', password: '[REDACTED]' });
  }
});

test('all are written at level debug, as it changes', async () => {
  const lines = await written('', ({ logger, debug }) => {
    const say = debug('app:market');
    say('unheard');
    logger.level = 'debug';
    say('heard');
  });
  expect(lines).toMatchObject([{ message: 'heard', namespace: 'app:market' }]);
});
