// What a drill says of the lookout when that does not do what it should. Here the lookout is one of words; on the real one, where
// nothing is missing, drills run in drills.stack.test.ts.

import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { ActiveAlert, Message } from '../tests/lookout.ts';
import type { Drill } from './drill.ts';
import { run } from './run.ts';

const lookout = vi.hoisted(() => ({
  alerts: [] as ActiveAlert[],
  messages: [] as Message[],
}));

vi.mock('../tests/lookout.ts', () => ({
  activeAlerts: () => Promise.resolve([...lookout.alerts]),
  inbox: (channel: string) =>
    Promise.resolve(lookout.messages.filter((message) => message.channel === channel)),
  isMuted: () => Promise.resolve(false),
}));

// What has not come by now will not come.
vi.mock('../tests/stack.ts', () => ({
  async waitFor(what: string, _seconds: number, look: (see: unknown) => Promise<unknown>) {
    const found = await look((value: unknown) => value);
    if (found === undefined || found === false) throw new Error(`waited for ${what}`);
    return found;
  },
  waitUntilWell: () => Promise.resolve(),
}));

// Nobody waits for the attempts to heal.
vi.mock('node:timers/promises', () => ({
  setTimeout: () => new Promise((resolve) => setImmediate(resolve)),
}));

const alert = (service: string): ActiveAlert => ({
  fingerprint: service,
  startsAt: new Date().toISOString(),
  labels: { alertname: 'ServiceDown', service, severity: 'critical' },
  annotations: {},
  status: { state: 'active', silencedBy: [], inhibitedBy: [] },
});

function tell(status: 'firing' | 'resolved', ...channels: Message['channel'][]): void {
  for (const channel of channels) {
    const [id, at] = [channel, new Date().toISOString()];
    const title = `[${status}] ServiceDown api`;
    lookout.messages.push({
      id,
      at,
      channel,
      to: '#alerts-critical',
      status,
      title,
      text: '',
      links: [],
    });
  }
}

/** One of which everybody is told. */
const drill: Drill = {
  name: 'api-down',
  what: 'Stops the API.',
  by: {
    break() {
      lookout.alerts.push(alert('api'));
      tell('firing', 'slack', 'pagerduty');
      return Promise.resolve();
    },
    heal() {
      lookout.alerts = lookout.alerts.filter(({ fingerprint }) => fingerprint !== 'api');
      tell('resolved', 'slack', 'pagerduty');
      return Promise.resolve();
    },
  },
  raises: { alertname: 'ServiceDown', labels: { service: 'api' } },
  seconds: 60,
};

const practise = (by: Partial<Drill['by']> = {}) =>
  run(
    { ...drill, by: { ...drill.by, ...by } },
    { fast: false, signal: new AbortController().signal, say: () => undefined },
  );

beforeEach(() => {
  lookout.alerts = [];
  lookout.messages = [];
});

test('a drill succeeds where the alert, its notices and its end come, and nothing else', async () => {
  expect(await practise()).toEqual({
    drill: 'api-down',
    alert: 'ServiceDown api',
    detected: expect.any(Number) as number,
    notified: expect.any(Number) as number,
    resolved: expect.any(Number) as number,
    failures: [],
  });
});

describe('it fails, healed,', () => {
  test('when nothing fires', async () => {
    const row = await practise({ break: () => Promise.resolve() });
    expect(row.failures).toEqual(['waited for ServiceDown api to fire']);
    expect(row.detected).toBeUndefined();
    expect(lookout.messages).toContainEqual(expect.objectContaining({ status: 'resolved' }));
  });

  test('when somebody is not told', async () => {
    const row = await practise({
      break() {
        lookout.alerts.push(alert('api'));
        tell('firing', 'slack');
        return Promise.resolve();
      },
    });
    expect(row.failures).toEqual(['waited for the news that it is firing']);
    expect(row.detected).toBeDefined();
    expect(lookout.alerts).toEqual([]);
  });

  test('when nobody is told that it is over', async () => {
    const row = await practise({
      heal() {
        lookout.alerts = [];
        return Promise.resolve();
      },
    });
    expect(row.failures).toEqual(['waited for the news that it is resolved']);
  });

  test('when another critical alert fires too, also the same as before, which had ended', async () => {
    lookout.alerts = [alert('market'), { ...alert('web'), startsAt: '2026-11-21T10:00:00.000Z' }];
    const row = await practise({
      async break() {
        await drill.by.break();
        lookout.alerts = lookout.alerts.map((one) =>
          one.fingerprint === 'web' ? alert('web') : one,
        );
      },
    });
    expect(row.failures).toEqual(['ServiceDown web fired too, which is critical']);
  });
});

test('what could not be healed is in the row, with what had come until then', async () => {
  const row = await practise({ heal: () => Promise.reject(new Error('no such container')) });
  expect(row.failures).toEqual(['not healed, in 5 attempts: no such container']);
  expect(row.notHealed?.message).toBe(row.failures[0]);
  expect(row.notified).toBeDefined();
});
