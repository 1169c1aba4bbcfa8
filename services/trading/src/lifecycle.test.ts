import { expect, test } from 'vitest';
import type { Logger } from '@crows-nest/telemetry';
import { createClosing } from './lifecycle.ts';

const logged: unknown[] = [];
const logger = { error: (...line: unknown[]) => logged.push(line) } as unknown as Logger;

test('what was opened is closed in reverse, all of it, also when a step fails', async () => {
  const closed: string[] = [];
  const closing = createClosing(logger);
  for (const name of ['database', 'queue', 'server']) {
    closing.defer(name, () => {
      closed.push(name);
      return name === 'queue' ? Promise.reject(new Error('stuck')) : Promise.resolve();
    });
  }
  expect(await closing.closeAll()).toBe(false);
  expect(closed).toEqual(['server', 'queue', 'database']);
  expect(logged).toEqual([
    ['Shutting down: a step failed', { step: 'queue', error: new Error('stuck') }],
  ]);
  expect(await closing.closeAll()).toBe(true);
});
