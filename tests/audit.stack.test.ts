// Who did what is in a chain of its own, which holds through a crash, and whose copy in Loki is the same.

import { expect, test } from 'vitest';

import { signUp } from './customer.ts';
import { logs } from './lookout.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

/** Fails when a line was changed or is missing. */
function verify(): Promise<string> {
  return compose('exec', '-T', 'worker', 'node', 'services/telemetry/src/audit/main.ts');
}

interface AuditLine {
  action: string;
  actor: string;
  sequence: number;
  hash: string;
  instance: string;
}

test('every chain is in order under traffic, and after an API was killed in the middle of it', async () => {
  expect(await verify()).toMatch(/^api-.*\.audit\.log: \d+ lines in order/m);
  await compose('kill', '--signal', 'SIGKILL', 'api');
  await compose('start', 'api');
  await waitUntilWell(60);
  await signUp();
  expect(await verify()).toMatch(/^api-.*\.audit\.log: \d+ lines in order/m);
});

test('a line that the verifier vouches for is in Loki with the same hash', async () => {
  const { id } = await signUp();
  const line = await waitFor('the registration in Loki', 15, async (see) => {
    const [found] = see(await logs(`{service_name="api"} |= \`"stream":"audit"\` |= "${id}"`));
    return found && (JSON.parse(found.text) as AuditLine);
  });
  expect(line).toMatchObject({ action: 'auth.register', actor: id });
  const file = `/logs/api-${line.instance}.audit.log`;
  const kept = await compose('exec', '-T', 'worker', 'grep', `"sequence":${line.sequence},`, file);
  expect((JSON.parse(kept) as AuditLine).hash).toBe(line.hash);
});

test('SIGUSR2 switches a running API to debug and back', async () => {
  const switchLevel = () => compose('exec', '-T', 'api', 'sh', '-c', 'kill -USR2 1');
  const changes = async () => (await logs('{service_name="api"} |= `"action":"log.level"`')).length;
  const before = await changes();
  await switchLevel();
  await waitFor('the change in Loki', 15, async (see) => see(await changes()) === before + 1);
  await waitFor('lines at debug', 30, async (see) => {
    return see(await logs('{service_name="api", level="debug"}')).length > 0;
  });
  await switchLevel();
  await waitFor('the change back', 15, async (see) => see(await changes()) === before + 2);
});
