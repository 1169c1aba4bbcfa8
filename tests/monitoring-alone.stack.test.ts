// The lookout without the trading system, as somebody starts it who has a service of their own to watch: it comes up clean,
// and misses nothing that is not there. In a project of its own, on ports that Docker chooses.

import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { query, rules, targets, waitUntilQuiet } from './lookout.ts';
import {
  compose,
  containers,
  expectedServices,
  root,
  serviceOf,
  waitFor,
  waitUntilWell,
} from './stack.ts';

const ports = readFileSync(`${root}.env.example`, 'utf8').match(/^[A-Z_]+_PORT(?==)/gm) ?? [];

Object.assign(process.env, {
  COMPOSE_PROJECT_NAME: `${process.env['COMPOSE_PROJECT_NAME'] ?? 'crows-nest'}-alone`,
  COMPOSE_FILE: 'docker-compose.monitoring.yml',
  ...Object.fromEntries(ports.map((name) => [name, '0'])),
});

beforeAll(async () => {
  await compose('up', '--detach', '--quiet-pull', ...(await expectedServices()));
});

afterAll(async () => {
  await compose('down', '--volumes', '--timeout', '10');
  expect(await containers()).toEqual([]);
});

test('every container is well within a minute', async () => {
  await waitUntilWell(60);
  const there = (await containers()).map(serviceOf);
  expect(there.toSorted()).toEqual((await expectedServices()).toSorted());
});

test('every target is up, every probe succeeds, and nothing of the trading system is expected', async () => {
  await waitFor('all targets to be up', 90, async (see) => {
    const all = await targets();
    const sick = see(all.filter(({ health }) => health !== 'up'));
    return all.length > 0 && sick.length === 0;
  });
  await waitFor('all probes to succeed', 60, async (see) => {
    const failing = see(await query('probe_success == 0'));
    return failing.length === 0 && (await query('probe_success')).length > 0;
  });
  const services = (await targets()).map(({ labels }) => labels['service']);
  for (const service of ['api', 'market', 'worker', 'web']) expect(services).not.toContain(service);
});

test('every rule can be evaluated, and no alert fires but the Watchdog', async () => {
  await waitFor('all rules to have been evaluated', 60, async (see) => {
    const all = await rules();
    return all.length > 0 && see(all.filter(({ health }) => health !== 'ok')).length === 0;
  });
  // Longer than ServiceDown waits after Prometheus's start, so that it would be seen.
  await waitFor('Prometheus to be two and a half minutes old', 170, async (see) => {
    const [age] = see(await query('time() - process_start_time_seconds{job="prometheus"}'));
    return Number(age?.value[1]) > 150;
  });
  await waitUntilQuiet(1);
}, 300_000);
