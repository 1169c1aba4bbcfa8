// Who attacks is reported with the address, which only log lines have: Loki's ruler finds it. Who stays below the limit is not.
// The alerts are of the last five minutes, so they still fire when this is over.

import { beforeAll, expect, test } from 'vitest';

import { type ActiveAlert, activeAlerts, inbox } from './lookout.ts';
import { address, compose, getJson, waitFor } from './stack.ts';

/** What Alertmanager has of the two alerts now, of whichever address. */
async function raised(): Promise<ActiveAlert[]> {
  return (await activeAlerts()).filter(({ labels }) => names.includes(labels['alertname'] ?? ''));
}
const names = ['AuthFailuresHigh', 'DirectoryTraversalAttempts'];

/**
 * Attacks the exchange from within a container, whose address is its own and nobody else's: those that fail too often are held up for
 * a quarter of an hour, and neither the other tests nor the synthetic customer shall be. Gives the address.
 */
async function attack(service: string, logins: number, probes: number): Promise<string> {
  const script = `
    import os from 'node:os';
    const [own] = Object.values(os.networkInterfaces()).flat().filter(({ internal }) => !internal);
    const ask = async (path, body) => {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const { status } = await fetch('http://web:3000' + path, body && post);
      if (![401, 404, 429].includes(status)) throw new Error(path + ' answered ' + status);
    };
    for (let n = 0; n < ${logins}; n++) await ask('/auth/login', { username: 'nobody-' + crypto.randomUUID().slice(0, 8), password: 'guess ' + n });
    for (let n = 0; n < ${probes}; n++) await ask('/..%2f..%2fetc/passwd?' + n);
    console.log(own.address);`;
  return (await compose('exec', '-T', service, 'node', '--input-type=module', '-e', script)).trim();
}

let began: string;
let attacker: string;
/** Does each as often as is allowed. */
let clumsy: string;

beforeAll(async () => {
  began = new Date().toISOString();
  clumsy = await attack('market', 10, 5);
  attacker = await attack('outside', 100, 6);
});

test('a hundred failed logins and a scan for files are reported, each with the address', async () => {
  const both = await waitFor('both alerts in Alertmanager', 60, async (see) => {
    const found = see(await raised()).filter(({ labels }) => labels['address'] === attacker);
    return found.length === names.length && found;
  });
  for (const { labels, annotations } of both) {
    const { environment, ...own } = labels;
    expect(own).toEqual({
      alertname: labels['alertname'],
      severity: 'warning',
      team: 'security',
      service: 'api',
      address: attacker,
    });
    expect(environment, 'as on alerts of Prometheus').toBeTruthy();
    expect(annotations['description']).toContain(attacker);
    const runbook = await fetch(annotations['runbook_url'] ?? '');
    expect(runbook.status, annotations['runbook_url']).toBe(200);
    expect(annotations['dashboard_url']).toMatch(/^http.*\/d\/security\?/);
  }
});

test('Slack hears of both, with the address', async () => {
  await waitFor('both messages in the inbox', 60, async (see) => {
    const messages = see((await inbox('slack')).filter(({ at }) => at >= began));
    return names.every((name) =>
      messages.some(
        ({ title, text }) => title.includes(name) && `${title} ${text}`.includes(attacker),
      ),
    );
  });
});

test('who stays at the limit is not reported', async () => {
  expect((await raised()).map(({ labels }) => labels['address'])).not.toContain(clumsy);
});

test('every rule of Loki can be evaluated', async () => {
  const answer = await getJson(`${address('loki', 3100)}/prometheus/api/v1/rules`);
  const { groups } = (answer as { data: { groups: { rules: LokiRule[] }[] } }).data;
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.map(({ name }) => name)).toEqual(names);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
});

interface LokiRule {
  name: string;
  health: string;
}
