// Whether a drill may begin: on a stack that is well, and on which nothing fires that could be taken for the drill's.

import { activeAlerts, alerts, query, targets } from '../tests/lookout.ts';
import { containers, expectedServices, isWell, serviceOf, waitFor } from '../tests/stack.ts';
import type { Drill } from './drill.ts';
import { isOf } from './expectations.ts';

type Labels = Record<string, string>;

/** What is not well, a sentence each. */
async function troubles(): Promise<string[]> {
  const there = await containers();
  if (there.length === 0) return ['Nothing is running.'];
  const sick = there
    .filter((one) => !isWell(one))
    .map((one) => `${serviceOf(one)} is ${one.State.Health?.Status ?? one.State.Status}.`);
  const missing = (await expectedServices())
    .filter((service) => !there.some((one) => serviceOf(one) === service))
    .map((service) => `${service} has no container.`);
  if (sick.length + missing.length > 0) return [...sick, ...missing];
  const unseen = (await targets()).filter(({ health }) => health !== 'up');
  return unseen.map(({ scrapeUrl }) => `Prometheus cannot scrape ${scrapeUrl}.`);
}

/** The labels of whatever fires, and of what critical alert is about to, but for the Watchdog. */
async function raised(): Promise<Labels[]> {
  const inPrometheus = (await alerts()).filter(
    ({ state, labels }) => state === 'firing' || labels['severity'] === 'critical',
  );
  const all = [...(await activeAlerts()), ...inPrometheus].map(({ labels }) => labels);
  return all.filter(({ alertname }) => alertname !== 'Watchdog');
}

/** An error budget that an earlier drill has spent stays spent for hours, and that is no obstacle. */
const isSpentBudget = ({ slo, severity }: Labels): boolean =>
  slo !== undefined && severity !== 'critical';

/** What keeps drills from beginning, a sentence each; nothing when they may. */
export async function obstacles(): Promise<string[]> {
  const wrong = await troubles();
  if (wrong.length > 0) return wrong;
  const named = (await raised())
    .filter((labels) => !isSpentBudget(labels))
    .map(({ alertname = '?', service = '' }) => `${alertname} ${service}`.trim());
  return [...new Set(named)].map((name) => `${name} fires already, or is about to.`);
}

/**
 * Waits until nothing keeps drills from beginning.
 *
 * @throws after so many seconds, with what still does
 */
export async function untilQuiet(seconds: number, signal: AbortSignal): Promise<void> {
  await waitFor(
    'the stack to be well and quiet',
    seconds,
    async (see) => see(await obstacles()).length === 0,
    signal,
  );
}

/** How long Prometheus takes, once started, to have seen what is not well: all is asked for, and the journeys are walked. */
const firstLookSeconds = 60;

/**
 * Waits until Prometheus, which has just been started, has had a first look: before that, nothing fires because nothing is known.
 *
 * @throws when it takes much longer
 */
export async function untilLooked(signal: AbortSignal): Promise<void> {
  await waitFor(
    'Prometheus to have had a look',
    firstLookSeconds + 60,
    async (see) => {
      const [age] = see(await query('time() - process_start_time_seconds{job="prometheus"}'));
      return Number(age?.value[1]) > firstLookSeconds;
    },
    signal,
  );
}

/** Waits until this drill can show something: the stack is well, and its alert is not there any more from an earlier one. */
export async function untilReadyFor(
  { name, raises }: Drill,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(
    `the stack to be ready for ${name}`,
    seconds,
    async (see) => {
      if (see(await troubles()).length > 0) return false;
      return raises === 'heartbeat' || !see(await raised()).some((labels) => isOf(labels, raises));
    },
    signal,
  );
}

/** Waits until Prometheus has watched for so long: some alerts compare with what was before. */
export async function untilWatchedFor(seconds: number, signal: AbortSignal): Promise<void> {
  await waitFor(
    `Prometheus to have watched for ${seconds} s`,
    seconds,
    async () => (await query(`up{job="prometheus"} offset ${seconds}s`)).length > 0,
    signal,
  );
}

/** Which services that may be left out are there. */
export async function present(): Promise<Set<string>> {
  return new Set((await containers()).map(serviceOf));
}
