// Where each severity and team goes at noon, at night and on a day off, SMS and mail of the escalation with it. amtool knows no time
// intervals, so it is seen on running Alertmanagers with the shipped configuration: the zone is one where it is noon or night
// now, and the day of the week there is a working day or not.

import { describe, expect, test } from 'vitest';

import { waitFor } from '../../tests/stack.ts';
import { rehearse } from './alertmanager.ts';

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** The settings with which it is `hour` o'clock now, on one of the business days or on none. */
function settingsFor({ hour, isBusinessDay }: { hour: number; isBusinessDay: boolean }) {
  const now = new Date();
  const ahead = ((hour - now.getUTCHours() + 36) % 24) - 12;
  const there = new Date(now.getTime() + ahead * 3600_000);
  const day = there.getUTCDay() + (isBusinessDay ? 0 : 3);
  return {
    // The signs of these names are turned round: Etc/GMT-5 is five hours ahead.
    BUSINESS_HOURS_ZONE:
      ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`,
    BUSINESS_HOURS_DAYS: days[day % 7] ?? '',
  };
}

const sms = '+15550100';
const mail = 'on-call@crows-nest.example';

/** Of each alert, everywhere it arrives. PagerDuty files it under its service. */
const always: Record<string, string[]> = {
  'critical platform': ['#alerts-critical', sms, 'api', mail],
  'critical trading': ['#alerts-critical', '#team-trading', sms, 'api', mail],
  'critical security': ['#alerts-critical', '#team-security', sms, 'api', mail],
  'critical delivery': ['#alerts-critical', sms, 'api', mail],
  'warning platform': ['#alerts-warnings', mail],
  'warning trading': ['#alerts-warnings', '#team-trading', mail],
  'warning security': ['#alerts-warnings', '#team-security', mail],
  'warning delivery': ['#alerts-warnings', mail],
  'none platform': ['#alerts-general'],
};
const inBusinessHours: Record<string, string[]> = {
  'info platform': ['#alerts-general'],
  'info trading': ['#alerts-general', '#team-trading'],
  'info security': ['#alerts-general', '#team-security'],
  'info delivery': ['#alerts-general'],
};
const never = Object.fromEntries(Object.keys(inBusinessHours).map((kind) => [kind, []]));

/** The alert of a kind such as `critical trading`. */
function alertOf(kind: string): Record<string, string> {
  const [severity = '', team = ''] = kind.split(' ');
  const labels = { alertname: `Test${severity}${team}`, service: 'api', team };
  return severity === 'none' ? labels : { ...labels, severity };
}

describe('at', { timeout: 180_000 }, () => {
  test.each([
    { when: 'noon', hour: 12, isBusinessDay: true, expected: { ...always, ...inBusinessHours } },
    { when: 'night', hour: 2, isBusinessDay: true, expected: { ...always, ...never } },
    { when: 'noon of a Sunday', hour: 12, isBusinessDay: false, expected: { ...always, ...never } },
  ])('$when', async ({ hour, isBusinessDay, expected }) => {
    const settings = settingsFor({ hour, isBusinessDay });
    const { outside, alertmanager, stop } = await rehearse({ faster: 100, settings });
    try {
      await alertmanager.fire(...Object.keys(expected).map(alertOf));

      const arrived = async () => {
        const messages = await outside.messages();
        return Object.fromEntries(
          Object.keys(expected).map((kind) => {
            const title = new RegExp(`\\] ${alertOf(kind)['alertname'] ?? ''} `);
            const its = messages.filter((message) => title.test(message.title));
            return [kind, its.map(({ to }) => to).toSorted()];
          }),
        );
      };
      await waitFor('all that must be told', 90, async (see) => {
        const all = see(await arrived());
        return Object.entries(always).every(([kind, { length }]) => all[kind]?.length === length);
      });
      // Each group of an info alert has been looked at: told, or kept back for the hour and nothing else.
      const kept = Object.values(expected).some(({ length }) => length === 0);
      await waitFor('what is told in business hours only to be told or kept', 30, async (see) => {
        const infos = (await alertmanager.alerts()).filter(
          ({ labels }) => labels['severity'] === 'info',
        );
        const muted = see(infos.map(({ status }) => status.mutedBy));
        const all = await arrived();
        return kept
          ? // Each is also in the group of what goes to the API at any hour.
            muted.filter(([by]) => by === 'business-hours').length === 6 && muted.length === 10
          : Object.entries(inBusinessHours).every(
              ([kind, { length }]) => all[kind]?.length === length,
            );
      });
      expect(await arrived()).toEqual(expected);
      expect(await outside.refused()).toEqual([]);
      expect(await alertmanager.failures()).toEqual([]);
    } finally {
      await stop();
    }
  });
});
