// Whether a drill may begin: on a stack that is well, and on which nothing fires that would be taken for the drill's.

import { activeAlerts, alerts, targets } from '../tests/lookout.ts';
import { containers, expectedServices, isWell, serviceOf, waitFor } from '../tests/stack.ts';

type Labels = Record<string, string>;

/** An alert that is no obstacle: the Watchdog always fires, and a budget that an earlier drill has spent stays spent for days. */
function mayFire(labels: Labels): boolean {
  return (
    labels['alertname'] === 'Watchdog' ||
    (labels['slo'] !== undefined && labels['severity'] !== 'critical')
  );
}

/** What keeps a drill from beginning, a sentence each; nothing when it may. */
export async function obstacles(): Promise<string[]> {
  const there = await containers();
  if (there.length === 0) return ['Nothing is running.'];
  const sick = there
    .filter((one) => !isWell(one))
    .map((one) => `${serviceOf(one)} is ${one.State.Health?.Status ?? one.State.Status}.`);
  const missing = (await expectedServices())
    .filter((service) => !there.some((one) => serviceOf(one) === service))
    .map((service) => `${service} has no container.`);
  if (sick.length + missing.length > 0) return [...sick, ...missing];

  const [seen, firing, pending] = await Promise.all([targets(), activeAlerts(), alerts()]);
  const unseen = seen.filter(({ health }) => health !== 'up');
  const named = [...firing, ...pending]
    .filter(({ labels }) => !mayFire(labels))
    .map(({ labels }) => `${labels['alertname'] ?? '?'} ${labels['service'] ?? ''}`.trim());
  return [
    ...unseen.map(({ scrapeUrl }) => `Prometheus cannot scrape ${scrapeUrl}.`),
    ...[...new Set(named)].map((name) => `${name} fires already, or is about to.`),
  ];
}

/**
 * Waits until a drill may begin.
 *
 * @throws after so many seconds, with what still keeps it from that
 */
export async function untilReady(seconds: number, signal: AbortSignal): Promise<void> {
  await waitFor(
    'the stack to be well and quiet',
    seconds,
    async (see) => see(await obstacles()).length === 0,
    signal,
  );
}
