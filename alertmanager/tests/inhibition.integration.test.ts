// What is not said because something else says it already; and what is said whatever else is wrong.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { waitFor } from '../../tests/stack.ts';
import { type Alertmanager, type Outside, rehearse } from './alertmanager.ts';

let outside: Outside;
let alertmanager: Alertmanager;
let stop: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  ({ outside, alertmanager, stop } = await rehearse({ faster: 100 }));
}, 120_000);

afterAll(() => stop());

type Labels = Record<string, string>;

/** An alert as the tests name it: `HighErrorRate api critical trading`, and last its instance, where it has one. */
function labelsOf(words: string): Labels {
  const [alertname = '', service = '', severity = '', team = '', instance] = words.split(' ');
  return { alertname, service, severity, team, ...(instance && { instance }) };
}

/**
 * With `cause` firing: of `alerts`, those that are kept back and those that are not, as Alertmanager itself says. Ends them all
 * again, and waits until none is left.
 */
async function keptBackBy(
  cause: string,
  alerts: string[],
): Promise<{ kept: string[]; said: string[] }> {
  const firing = async () =>
    (await outside.messages()).filter(({ status }) => status === 'firing').length;
  const before = await firing();
  await alertmanager.fire(labelsOf(cause));
  await waitFor(`${cause} to be told`, 60, async (see) => see(await firing()) > before);

  const all = alerts.map(labelsOf);
  await alertmanager.fire(...all);
  const inhibited = async (words: string) => {
    const { alertname, service, severity } = labelsOf(words);
    const found = (await alertmanager.alerts()).filter(
      ({ labels }) =>
        labels['alertname'] === alertname &&
        labels['service'] === service &&
        labels['severity'] === severity,
    );
    return found.map(({ status }) => status.inhibitedBy.length > 0);
  };
  const titles = async (words: string) => {
    const { alertname = '', service = '', severity = '' } = labelsOf(words);
    return (await outside.messages()).filter(
      (one) => one.title.includes(`] ${alertname} ${service}`) && one.severity === severity,
    );
  };
  const isKept = new Map<string, boolean>();
  await waitFor('each alert to be kept back or told', 60, async (see) => {
    for (const words of alerts) {
      const marks = await inhibited(words);
      if (marks.some((kept) => kept)) isKept.set(words, true);
      else if ((await titles(words)).length > 0) isKept.set(words, false);
    }
    return see(isKept).size === alerts.length;
  });
  const kept = alerts.filter((words) => isKept.get(words));
  for (const words of kept) expect(await titles(words), words).toEqual([]);

  await alertmanager.resolve(...all);
  await alertmanager.resolve(labelsOf(cause));
  await waitFor('all to be over', 60, async (see) => see(await alertmanager.alerts()).length === 0);
  return { kept, said: alerts.filter((words) => !isKept.get(words)) };
}

test('a service that is down has no symptoms, but what is no symptom is heard', async () => {
  const symptoms = ['HighErrorRate api critical trading', 'EventLoopLagHigh api warning platform'];
  const others = [
    'ServiceDown worker critical platform',
    'DependencyDown api critical platform',
    'EventLoopLagHigh market warning platform',
    'LedgerImbalance api critical trading',
    'AuditLogBroken api critical security',
  ];
  expect(await keptBackBy('ServiceDown api critical platform', [...symptoms, ...others])).toEqual({
    kept: symptoms,
    said: others,
  });
}, 180_000);

test('a dependency that is down has everybody’s, but not what may be its cause', async () => {
  const symptoms = [
    'HighErrorRate api critical trading',
    'QuotesStale market critical trading',
    'JourneyFailing api critical trading',
  ];
  const others = [
    'ServiceDown web critical platform',
    'HostDiskFilling node-exporter critical platform',
    'LedgerImbalance worker critical trading',
    'AccountLockouts api warning security',
  ];
  expect(
    await keptBackBy('DependencyDown postgres critical platform', [...symptoms, ...others]),
  ).toEqual({ kept: symptoms, said: others });
}, 180_000);

test('a journey past what is known to be broken says nothing new', async () => {
  const symptoms = ['JourneyFailing api critical trading'];
  const others = [
    'HighErrorRate api critical trading',
    'PaymentFailuresHigh worker critical trading',
  ];
  expect(await keptBackBy('QuotesStale market critical trading', [...symptoms, ...others])).toEqual(
    { kept: symptoms, said: others },
  );
}, 180_000);

test('the worse of two of one name and service says it all', async () => {
  const lesser = ['SlowQueries api warning trading', 'SlowQueries api info trading'];
  const others = ['SlowQueries market warning trading', 'DeadlocksRising api warning trading'];
  expect(await keptBackBy('SlowQueries api critical trading', [...lesser, ...others])).toEqual({
    kept: lesser,
    said: others,
  });
}, 180_000);

test('the worse of two does not speak for another instance', async () => {
  const same = ['CertificateExpiring shop warning platform shop:443'];
  const other = ['CertificateExpiring web warning platform pay.web:443'];
  expect(await keptBackBy('CertificateExpiring web critical platform www.web:443', other)).toEqual({
    kept: [],
    said: other,
  });
  expect(await keptBackBy('CertificateExpiring shop critical platform shop:443', same)).toEqual({
    kept: same,
    said: [],
  });
}, 180_000);

test('nothing was sent that would not be taken', async () => {
  expect(await outside.refused()).toEqual([]);
  expect(await alertmanager.failures()).toEqual([]);
});
