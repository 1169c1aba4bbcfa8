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

/** The labels of whatever fires. */
async function firing(): Promise<Labels[]> {
  const inPrometheus = (await alerts()).filter(({ state }) => state === 'firing');
  return [...(await activeAlerts()), ...inPrometheus].map(({ labels }) => labels);
}

/** The labels of each critical alert that may be about to fire. */
async function pending(): Promise<Labels[]> {
  return (await alerts())
    .filter(({ state, labels }) => state === 'pending' && isCritical(labels))
    .map(({ labels }) => labels);
}

/** Others are no obstacle: an error budget that a drill has spent stays spent for hours, or a container was started often. */
const isCritical = ({ severity }: Labels): boolean => severity === 'critical';

/** An alert and its service, each named once. */
const named = (all: Labels[]): string[] => [
  ...new Set(all.map(({ alertname = '?', service = '' }) => `${alertname} ${service}`.trim())),
];

/** What keeps drills from beginning, a sentence each; nothing when they may. */
export async function obstacles(): Promise<string[]> {
  const wrong = await troubles();
  if (wrong.length > 0) return wrong;
  return named((await firing()).filter(isCritical)).map((name) => `${name} fires already.`);
}

/**
 * Waits until nothing keeps drills from beginning, and no critical alert is about to: most that are come to nothing.
 *
 * @throws after so many seconds, with what still does
 */
export async function untilQuiet(seconds: number, signal?: AbortSignal): Promise<void> {
  await waitFor(
    'the stack to be well and quiet',
    seconds,
    async (see) => {
      const soon = named(await pending()).map((name) => `${name} may be about to fire.`);
      return see([...(await obstacles()), ...soon]).length === 0;
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
      return (
        raises === 'heartbeat' ||
        !see([...(await firing()), ...(await pending())]).some((labels) => isOf(labels, raises))
      );
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
