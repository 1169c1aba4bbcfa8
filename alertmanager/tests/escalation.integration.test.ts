// Who is told, and who next, while nobody reacts: on a running Alertmanager with the shipped configuration, its times twenty times
// shorter (SMS after 15 s in place of 5 min: long enough for a busy machine to react in time), against a world outside that
// refuses what the real ones would refuse.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { waitFor } from '../../tests/stack.ts';
import { type Alertmanager, type Outside, rehearse } from './alertmanager.ts';

let outside: Outside;
let alertmanager: Alertmanager;
let stop: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  ({ outside, alertmanager, stop } = await rehearse({ faster: 20 }));
}, 120_000);

afterAll(() => stop());

const critical = (alertname: string) => ({
  alertname,
  service: 'api',
  severity: 'critical',
  team: 'platform',
});
const warning = (alertname: string) => ({ ...critical(alertname), severity: 'warning' });

/** What arrived of an alert, in order: `slack firing`, `mail resolved`. */
async function told(alertname: string): Promise<string[]> {
  const messages = await outside.messages();
  return messages
    .filter(({ title }) => new RegExp(`\\] ${alertname}\\b`).test(title))
    .map(({ channel, status }) => `${channel} ${String(status)}`);
}

const untilTold = (alertname: string, ...expected: string[]) =>
  waitFor(`${expected.join(', ')} of ${alertname}`, 150, async (see) => {
    const arrived = see(await told(alertname));
    return expected.every((one) => arrived.includes(one)) && arrived;
  });

// All at once, because each waits for minutes that are seconds here; those that are heard and those that are not end together.
describe.concurrent('an alert that fires', { timeout: 200_000 }, () => {
  test('is told at once, by SMS when nobody reacts, then by mail: once each', async () => {
    await alertmanager.fire(critical('Unheard'), warning('UnheardWarning'));
    const arrived = await untilTold('Unheard', 'mail firing');
    expect(arrived.slice(0, 2).toSorted()).toEqual(['pagerduty firing', 'slack firing']);
    expect(arrived.slice(2)).toEqual(['sms firing', 'mail firing']);
    // Of a warning the mail is the last of all.
    expect(await untilTold('UnheardWarning', 'mail firing')).toEqual([
      'slack firing',
      'mail firing',
    ]);
    expect(await told('Unheard')).toHaveLength(4);
  });

  test('is told by nothing more once it is silenced', async () => {
    await alertmanager.fire(critical('Silenced'), warning('SilencedWarning'));
    await untilTold('Silenced', 'slack firing', 'pagerduty firing');
    await untilTold('SilencedWarning', 'slack firing');
    await alertmanager.silence('Silenced');
    await alertmanager.silence('SilencedWarning');
    // Began afterwards, so that what these have had by mail those would have had before.
    await alertmanager.fire(critical('LaterThanSilence'), warning('LaterThanSilenceWarning'));
    await untilTold('LaterThanSilenceWarning', 'mail firing');
    await untilTold('LaterThanSilence', 'mail firing');
    expect((await told('Silenced')).toSorted()).toEqual(['pagerduty firing', 'slack firing']);
    expect(await told('SilencedWarning')).toEqual(['slack firing']);
  });

  test('has its end told where it was told itself, and nowhere else', async () => {
    const brief = [critical('Brief'), warning('BriefWarning')];
    await alertmanager.fire(...brief, critical('Longer'));
    await untilTold('Brief', 'slack firing', 'pagerduty firing');
    await untilTold('BriefWarning', 'slack firing');
    await alertmanager.resolve(...brief);
    await untilTold('Brief', 'slack resolved', 'pagerduty resolved');
    await untilTold('BriefWarning', 'slack resolved');

    await untilTold('Longer', 'sms firing');
    await alertmanager.resolve(critical('Longer'));
    await untilTold('Longer', 'slack resolved', 'pagerduty resolved', 'sms resolved');

    await alertmanager.fire(warning('LaterThanEnd'));
    await untilTold('LaterThanEnd', 'mail firing');
    expect(await told('Brief')).toHaveLength(4);
    expect(await told('BriefWarning')).toHaveLength(2);
    expect(await told('Longer')).toHaveLength(6);
    expect(await told('Longer')).not.toContain('mail firing');
  });

  test('that has no service is taken everywhere all the same', async () => {
    await alertmanager.fire({ alertname: 'Nameless', severity: 'critical' });
    await untilTold(
      'Nameless',
      ...['slack', 'pagerduty', 'sms', 'mail'].map((channel) => `${channel} firing`),
    );
  });

  test('says in every channel what is wrong, how much, and what to do next', async () => {
    await alertmanager.fire({ ...critical('Readable'), team: 'trading' });
    await untilTold('Readable', 'mail firing');
    const messages = (await outside.messages()).filter(({ title }) => title.includes('Readable'));
    expect(messages).toHaveLength(5);
    for (const message of messages) {
      const { channel, severity, links } = message;
      const text = JSON.stringify(message);
      expect(severity, channel).toBe('critical');
      expect(text, channel).toContain('A test says Readable.');
      expect(text, channel).toContain('api is at 42%.');
      const urls = Object.fromEntries(links.map(({ kind, url }) => [kind, url]));
      expect(urls['runbook'], channel).toBe('http://localhost:8025/runbooks/Readable');
      expect(urls['dashboard'], channel).toMatch(/3001\/d\/lookout\?from=\d{13}&to=now$/);
      expect(urls['silence'], channel).toContain('/#/silences/new?filter=%7Balertname%3D');
    }
  });

  test('as the Watchdog does is a heartbeat and rings nobody', async () => {
    await alertmanager.fire({ ...critical('Watchdog'), team: 'trading' });
    await waitFor('the heartbeat', 30, async (see) => {
      return see(await outside.heartbeat()).state === 'beating';
    });
    await alertmanager.fire(critical('LaterThanWatchdog'));
    await untilTold('LaterThanWatchdog', 'sms firing');
    expect(await told('Watchdog')).toEqual([]);
  });
});

test('nothing was sent that Slack, PagerDuty, SNS, a mail server or the API would not take', async () => {
  expect(await outside.refused()).toEqual([]);
  expect(await alertmanager.failures()).toEqual([]);
});
