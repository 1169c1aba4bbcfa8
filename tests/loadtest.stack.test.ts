// The load tests, run as their README says, in the k6 container of the stack.

import { beforeAll, expect, test } from 'vitest';

import { compose, containers, serviceOf, waitUntilWell } from './stack.ts';

beforeAll(() => waitUntilWell(60));

/** Runs a script; throws with k6's own report when a threshold is crossed. */
function k6(...args: string[]): Promise<string> {
  return compose('run', '--rm', '--no-deps', '-T', 'traffic', 'run', '--quiet', ...args);
}

test('smoke.ts finds nothing broken', async () => {
  expect(await k6('/loadtest/smoke.ts')).toMatch(/checks_failed[ .:]+0\.00%/);
});

test('smoke.ts fails where the API is not what it should be', async () => {
  // Alertmanager answers HTTP, but it is no exchange.
  await expect(
    k6('-e', 'BASE_URL=http://alertmanager:9093', '/loadtest/smoke.ts'),
  ).rejects.toThrow();
});

test('loadtest.js, the one-file minimum, keeps its service levels', async () => {
  await k6('--vus', '10', '--duration', '5s', '/loadtest/loadtest.js');
});

test('the traffic that runs by itself has not been started anew', async () => {
  const traffic = (await containers()).filter((one) => serviceOf(one) === 'traffic');
  expect(traffic.map(({ RestartCount }) => RestartCount)).toEqual([0]);
});
