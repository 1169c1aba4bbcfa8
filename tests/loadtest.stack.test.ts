// The load tests, run as their README says, in the k6 container of the stack.

import { expect, test } from 'vitest';

import { compose, containers, serviceOf } from './stack.ts';

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

test('loadtest.js, the one-file minimum, trades without an error', async () => {
  // Its latency thresholds are for whoever measures on a quiet machine; a test machine is none.
  const script = ['--vus', '10', '--duration', '5s', '/loadtest/loadtest.js'];
  const report = await k6('--no-thresholds', ...script);
  expect(report).toMatch(/checks_failed[ .:]+0\.00%/);
  expect(report).toMatch(/http_req_failed[ .:]+0\.00%/);
});

test('loadtest.js judges by the service levels', async () => {
  const script = await compose(
    ...['run', '--rm', '--no-deps', '-T', 'traffic', 'inspect', '/loadtest/loadtest.js'],
  );
  const { thresholds } = JSON.parse(script) as { thresholds: Record<string, string[]> };
  expect(thresholds).toEqual({
    http_req_failed: ['rate<0.001'],
    'http_req_duration{kind:read}': ['p(99)<300'],
    'http_req_duration{kind:trade}': ['p(99.5)<500'],
    checks: ['rate>0.999'],
  });
});

test('the traffic that runs by itself has not been started anew', async () => {
  const traffic = (await containers()).filter((one) => serviceOf(one) === 'traffic');
  expect(traffic.map(({ RestartCount }) => RestartCount)).toEqual([0]);
});
