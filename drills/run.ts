// One drill, from the break to the last notice that it is over, as the people outside would see it.

import { setTimeout as sleep } from 'node:timers/promises';

import { type ActiveAlert, activeAlerts, inbox, isMuted } from '../tests/lookout.ts';
import { waitFor, waitUntilWell } from '../tests/stack.ts';
import { type Alert, type Drill, NotHealed, whileBroken } from './drill.ts';
import {
  begun,
  isOf,
  missing,
  nameOf,
  type Notice,
  noticesOf,
  ownAlarm,
  unexpected,
  whereTo,
} from './expectations.ts';
import { factor } from './scale.ts';
import type { Row } from './table.ts';

export interface Circumstances {
  /** Whether the rules run in their fast form. */
  fast: boolean;
  /** Aborted when the drill is to end now. */
  signal: AbortSignal;
  say: (line: string) => void;
}

/** How long an alert may go on with what has been: the longest window of one that has a drill is an hour. */
export const longestSeconds = 4000;

/** How long containers may take to be well again. */
const recoverySeconds = 120;

/**
 * Breaks, waits until people are told, heals, waits until they are told of that as well.
 *
 * @returns how long each took, and what was missing or too much; also when it could not be healed
 * @throws the reason of `signal` when it was aborted, once the stack is healed
 */
export async function run(drill: Drill, { fast, signal, say }: Circumstances): Promise<Row> {
  const { name, what, by, raises, seconds } = drill;
  const row: Row = { drill: name, alert: nameOf(raises), failures: [] };
  // Twice what it should take, and some for a machine that is busy.
  const patience = fast ? (2 * seconds) / factor + 120 : 2 * seconds + 60;
  const patienceAfter = fast ? longestSeconds / factor + 120 : longestSeconds;
  let since = Date.now();
  const note = (line: string): number => {
    const after = (Date.now() - since) / 1000;
    say(`  ${after.toFixed(0).padStart(4)} s  ${line}`);
    return after;
  };

  say(`${name}: ${what} It must raise ${row.alert}.`);
  const watch = watchForUnexpected(drill, await activeAlerts());
  try {
    let notices = ownAlarm;
    await whileBroken(by, async () => {
      note('broken');
      if (raises !== 'heartbeat') {
        const { labels, annotations } = await untilFiring(raises, patience, signal);
        row.detected = note(`${row.alert} fires: ${annotations['description'] ?? ''}`);
        say(`          dashboard ${annotations['dashboard_url'] ?? 'none'}`);
        say(`          runbook   ${annotations['runbook_url'] ?? 'none'}`);
        notices = noticesOf(labels);
      }
      notices = await untilTold(raises, notices, 'firing', since, patience, signal);
      row.notified = note(`told: ${notices.map(whereTo).join(', ') || 'nobody, at this hour'}`);
      since = Date.now();
    });
    note('healed');
    await waitUntilWell(recoverySeconds, signal);
    if (raises !== 'heartbeat') await untilOver(raises, patienceAfter, signal);
    await untilTold(raises, notices, 'resolved', since, patience, signal);
    row.resolved = note('over, and told so');
  } catch (error) {
    if (error instanceof NotHealed) row.notHealed = error;
    else signal.throwIfAborted();
    row.failures.push(error instanceof Error ? error.message : String(error));
    note(`✗ ${row.failures.join(' ')}`);
  } finally {
    const surprises = await watch.stop();
    row.failures.push(...surprises.map((alert) => `${alert} fired too, which is critical`));
  }
  return row;
}

function untilFiring(alert: Alert, seconds: number, signal: AbortSignal): Promise<ActiveAlert> {
  return waitFor(
    `${nameOf(alert)} to fire`,
    seconds,
    async (see) => {
      const all = see(await activeAlerts());
      return all.find(({ labels }) => isOf(labels, alert));
    },
    signal,
  );
}

async function untilOver(alert: Alert, seconds: number, signal: AbortSignal): Promise<void> {
  await waitFor(
    `${nameOf(alert)} to fire no more`,
    seconds,
    async (see) => !see(await activeAlerts()).some(({ labels }) => isOf(labels, alert)),
    signal,
  );
}

/** Waits for the notices. @returns them; none where nobody is told because it is not the time for it */
function untilTold(
  raises: Drill['raises'],
  notices: Notice[],
  status: 'firing' | 'resolved',
  since: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Notice[]> {
  const channels = new Set(notices.map(({ channel }) => channel));
  return waitFor(
    `the news that it is ${status}`,
    seconds,
    async (see) => {
      const messages = (await Promise.all([...channels].map(inbox))).flat();
      const untold = missing(notices, messages, status, since);
      if (see({ untold: untold.map(whereTo) }).untold.length === 0) return notices;
      // Outside of business hours nobody is told of what can wait.
      return raises !== 'heartbeat' && (await isMuted(raises.alertname)) && [];
    },
    signal,
  );
}

/** Collects, until it is stopped, the critical alerts that begin meanwhile and are none of the drill's. */
function watchForUnexpected(
  drill: Drill,
  before: ActiveAlert[],
): { stop: () => Promise<string[]> } {
  const found = new Set<string>();
  const ended = new AbortController();
  const { signal } = ended;
  async function look(): Promise<void> {
    // Alertmanager itself may be what is broken.
    const alerts = await activeAlerts().catch(() => []);
    for (const alert of unexpected(begun(alerts, before), drill)) found.add(alert);
  }
  async function watch(): Promise<void> {
    while (!signal.aborted) {
      await look();
      await sleep(1000, undefined, { signal }).catch(() => undefined);
    }
    await look();
  }
  const watching = watch();
  return {
    async stop() {
      ended.abort();
      await watching;
      return [...found];
    },
  };
}
