// A service that is down is reported to the people outside, and so is its return; the API keeps what happened.

import { expect, test } from 'vitest';

import { demand } from './customer.ts';
import { type Message, alerts, inbox, query, waitUntilQuiet } from './lookout.ts';
import { address, compose, waitFor, waitUntilWell } from './stack.ts';

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

/** Tells Alertmanager, as Prometheus would, of an alert that began a minute ago and ends in so many seconds. */
async function raise(seconds: number): Promise<void> {
  const response = await fetch(`${address('alertmanager', 9093)}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      {
        labels: {
          alertname: 'Rehearsal',
          service: 'tests',
          severity: 'warning',
          environment: 'test',
        },
        annotations: { summary: 'A test rehearses an incident.' },
        startsAt: began,
        endsAt: new Date(Date.now() + seconds * 1000).toISOString(),
      },
    ]),
  });
  expect(response.status).toBe(200);
}

const began = new Date(Date.now() - 60_000).toISOString();

interface Restored {
  timeToRestore: { medianSeconds: number | null; incidents: number };
}
const restored = async () =>
  ((await demand(200, 'GET', '/dora?environment=test')) as Restored).timeToRestore;
let restoredBefore: number;

test('an alert opens an incident', async () => {
  restoredBefore = (await restored()).incidents;
  await raise(600);
  await waitFor('an open incident', 60, async (see) => {
    const [open] = see(await query('sum(incidents_open)'));
    return Number(open?.value[1]) > 0;
  });
  await raise(-1);
});

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

test('the end of an alert is the end of its incident, also when api was away meanwhile', async () => {
  await waitFor('the incident to end', 120, async (see) => {
    const { incidents, medianSeconds } = see(await restored());
    return incidents > restoredBefore && medianSeconds !== null;
  });
});

test('afterwards everything is quiet again', async () => {
  await waitUntilWell(60);
  await waitUntilQuiet(120);
});
