// A service that is down is reported to the people outside, and so is its return.

import { expect, test } from 'vitest';

import { type Message, alerts, inbox, waitUntilQuiet } from './lookout.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

const channels = ['slack', 'pagerduty'] as const;

let stopped: string;

/** What the channels were told of api's outage since it was stopped. */
async function told(status: 'firing' | 'resolved'): Promise<Message[]> {
  const messages = (await Promise.all(channels.map(inbox))).flat();
  return messages.filter(
    (one) => one.at >= stopped && one.status === status && /ServiceDown.*\bapi\b/.test(one.title),
  );
}

function untilTold(status: 'firing' | 'resolved', seconds: number): Promise<Message[]> {
  return waitFor(`ServiceDown ${status} on ${channels.join(' and ')}`, seconds, async (see) => {
    const messages = see(await told(status));
    return channels.every((name) => messages.some(({ channel }) => channel === name)) && messages;
  });
}

async function isReadable(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  expect(await response.text()).toContain('ServiceDown');
}

test('stopping api is told to Slack and PagerDuty with its runbook within 90 s, starting it as well', async () => {
  stopped = new Date().toISOString();
  await compose('stop', 'api');
  try {
    for (const { links, channel, severity } of await untilTold('firing', 90)) {
      expect(severity, channel).toBe('critical');
      const runbook = links.find(({ kind }) => kind === 'runbook');
      expect(runbook?.url, channel).toMatch(/\/runbooks\/ServiceDown$/);
      await isReadable(runbook?.url ?? '');
    }
    const others = (await alerts()).filter(
      ({ state, labels }) =>
        state === 'firing' && labels['alertname'] !== 'Watchdog' && labels['service'] !== 'api',
    );
    expect(others, 'no other alert fires').toEqual([]);
  } finally {
    await compose('start', 'api');
  }
  await untilTold('resolved', 120);
});

test('an outage and its end are one message each a channel, not a storm', async () => {
  for (const status of ['firing', 'resolved'] as const) {
    const channelsTold = (await told(status)).map(({ channel }) => channel);
    expect(channelsTold.toSorted(), status).toEqual([...channels].toSorted());
  }
});

test('afterwards everything is quiet again', async () => {
  await waitUntilWell(60);
  await waitUntilQuiet(120);
});
