import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { createTelemetry, type TelemetryOptions } from './telemetry.ts';
import { temporaryDirectory } from './testing/lines.ts';

const OPTIONS: TelemetryOptions = {
  service: 'shop',
  version: '1.0.0',
  environment: 'test',
  logLevel: 'info',
};

test.each([
  ['a level that there is not', { logLevel: 'INFO' }, 'logLevel=INFO: '],
  ['no service', { service: undefined }, 'service=undefined: '],
  ['an empty version', { version: '' }, 'version=: '],
])('says which option is wrong: %s', (_what, wrong, said) => {
  // As from JavaScript, where no types are in the way.
  const options = { ...OPTIONS, ...wrong } as unknown as TelemetryOptions;
  expect(() => createTelemetry(options)).toThrow(
    `Telemetry cannot start with these options:\n  ${said}`,
  );
});

test('a log directory that cannot be written to is told of', async () => {
  await using directory = await temporaryDirectory();
  const logDirectory = join(directory.path, 'logs');
  await writeFile(logDirectory, 'a file in the way');
  const telemetry = createTelemetry({ ...OPTIONS, logDirectory, instance: 'one' });
  const warn = vi.spyOn(telemetry.logger, 'warn');
  telemetry.logger.info('kept in memory');
  await vi.waitUntil(() => warn.mock.calls.length > 0);
  expect(warn).toHaveBeenCalledWith('Log lines cannot be written; trying again', {
    path: join(logDirectory, 'shop-one.log'),
    reason: expect.stringMatching(/EEXIST|ENOTDIR/) as string,
  });
  await telemetry.close();
});
