// The lookout watches everything, and on a healthy stack it is quiet.

import { expect, test } from 'vitest';

import { query, rules, targets, waitUntilQuiet } from './lookout.ts';
import { address, expectedServices, getJson, waitFor } from './stack.ts';

/** One-shots, k6, and the two whose metrics come from an exporter beside them. */
const withoutMetrics = ['init', 'migrate', 'traffic', 'postgres', 'redis'];

test('every service is scraped, and every target is up', async () => {
  const expected = (await expectedServices()).filter((name) => !withoutMetrics.includes(name));
  await waitFor('a target for every service, all of them up', 60, async (see) => {
    const all = await targets();
    const { missing, down } = see({
      missing: expected.filter((name) => !all.some(({ labels }) => labels['service'] === name)),
      down: all.filter(({ health }) => health !== 'up'),
    });
    return missing.length === 0 && down.length === 0;
  });
});

test('every target tells its service by the same label', async () => {
  const unnamed = (await query('up')).filter(
    ({ metric }) =>
      metric['service'] === undefined ||
      (metric['service'] !== metric['job'] && metric['job'] !== 'probe'),
  );
  expect(unnamed).toEqual([]);
});

test('every probe from outside succeeds', async () => {
  await waitFor('every probe to succeed', 60, async (see) => {
    const failing = see(await query('probe_success == 0'));
    return failing.length === 0 && (await query('probe_success')).length > 0;
  });
});

test('every rule can be evaluated', async () => {
  await waitFor('all rules to have been evaluated', 60, async (see) => {
    const all = await rules();
    const sick = see(all.filter(({ health }) => health !== 'ok'));
    return all.length > 0 && sick.length === 0;
  });
});

test('of all alerts only the Watchdog fires, and none is about to', async () => {
  const names = (await rules()).filter(({ type }) => type === 'alerting').map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'ServiceDown',
      'HighErrorRate',
      'SlowResponseTime',
      'DatabasePoolExhaustion',
      'Watchdog',
    ]),
  );
  await waitUntilQuiet(120);
});

test('Alertmanager has the Watchdog, and its heartbeat arrives outside', async () => {
  await waitFor('the Watchdog in Alertmanager', 60, async (see) => {
    const active = see(await getJson(`${address('alertmanager', 9093)}/api/v2/alerts?active=true`));
    return (active as { labels: Record<string, string> }[]).some(
      ({ labels }) => labels['alertname'] === 'Watchdog',
    );
  });
  await waitFor('the heartbeat', 120, async (see) => {
    const heartbeat = see(await getJson(`${address('outside', 8025)}/api/heartbeat`));
    return (heartbeat as { state: string }).state === 'beating';
  });
});
