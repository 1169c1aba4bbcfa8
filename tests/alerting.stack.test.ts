// A service that is down is reported to the people outside, and so is its return.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Message, alerts, inbox, waitUntilQuiet } from './lookout.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

const channels = ['slack', 'pagerduty'] as const;

beforeAll(() => waitUntilWell(60));

afterAll(async () => {
  await compose('start', 'api');
  await waitUntilWell(60);
});

/** Waits until each channel has a message of this status about ServiceDown of api that came after `since`. */
function told(status: 'firing' | 'resolved', since: string, seconds: number): Promise<Message[]> {
  return waitFor(`ServiceDown ${status} on ${channels.join(' and ')}`, seconds, async (see) => {
    const messages = (await Promise.all(channels.map(inbox))).flat();
    const about = see(messages.filter(({ at }) => at >= since)).filter(
      (one) =>
        one.status === status &&
        /ServiceDown/.test(one.title) &&
        /\bapi\b/.test(one.text + one.title),
    );
    return channels.every((name) => about.some(({ channel }) => channel === name)) && about;
  });
}

async function isReadable(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  expect(await response.text()).toContain('ServiceDown');
}

test('stopping api is told to Slack and PagerDuty with its runbook within 90 s, starting it as well', async () => {
  const stopped = new Date().toISOString();
  await compose('stop', 'api');
  const firing = await told('firing', stopped, 90);

  for (const { links, channel, severity } of firing) {
    expect(severity, channel).toBe('critical');
    const runbook = links.find(({ kind }) => kind === 'runbook');
    expect(runbook?.url, channel).toMatch(/\/runbooks\/ServiceDown$/);
    await isReadable(runbook?.url ?? '');
  }
  const others = (await alerts()).filter(
    ({ state, labels }) =>
      state === 'firing' && !['Watchdog', 'ServiceDown'].includes(labels['alertname'] ?? ''),
  );
  expect(others, 'no other alert fires').toEqual([]);

  const started = new Date().toISOString();
  await compose('start', 'api');
  await told('resolved', started, 120);
});

test('an outage is one message a channel, not a storm', async () => {
  for (const channel of channels) {
    const firing = (await inbox(channel)).filter(
      ({ status, title, text }) =>
        status === 'firing' && /ServiceDown/.test(title) && /\bapi\b/.test(text + title),
    );
    expect(firing.map(({ title }) => title)).toHaveLength(1);
  }
});

test('afterwards everything is quiet again', async () => {
  await waitUntilWell(60);
  await waitUntilQuiet(120);
});
