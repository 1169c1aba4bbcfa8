// What a drill is; and that what it broke is healed, whatever happens.

import { setTimeout as sleep } from 'node:timers/promises';

/** A way to break something, and to undo it. */
export interface Way {
  break(): Promise<unknown>;
  /** Also after a `break` that failed half-way or was never begun, and a second time: what is well already is left alone. */
  heal(): Promise<unknown>;
}

/** An alert by its name and some of its labels; a pattern has to be found in the label. */
export interface Alert {
  alertname: string;
  labels?: Record<string, string | RegExp>;
}

/** What a file of incidents/ declares; its name is the file's. */
export interface Incident {
  /** What is broken: a sentence. */
  what: string;
  by: Way;
  /** The alert that must be raised and told of. `heartbeat`: the inbox's own alarm, where nothing inside can raise one any more. */
  raises: Alert | 'heartbeat';
  /** What else may fire, critical alerts among it: what follows from the incident by right. */
  alsoFires?: Alert[];
  /** Roughly how long until the alert fires, with the real windows. */
  seconds: number;
  /** How long Prometheus must have watched before, with the real windows, for the alert to have something to compare with. */
  history?: number;
  /** A service that it needs and that may rightly be left out. */
  needs?: 'grafana' | 'traffic';
}

export interface Drill extends Incident {
  name: string;
}

/** What was broken is broken still. */
export class NotHealed extends Error {
  override name = 'NotHealed';
}

const healingAttempts = 5;

/**
 * Breaks, does the work while it is broken, and heals: also when the work throws, and when the break failed half-way.
 *
 * @param pauseMs between attempts to heal, of which there are five
 * @throws what the work threw; but {@link NotHealed} when that could not be done, which matters more
 */
export async function whileBroken<T>(by: Way, work: () => Promise<T>, pauseMs = 3000): Promise<T> {
  try {
    await by.break();
    return await work();
  } finally {
    await heal(by, pauseMs);
  }
}

async function heal(by: Way, pauseMs: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await by.heal();
      return;
    } catch (error) {
      if (attempt === healingAttempts) {
        const why = error instanceof Error ? error.message : String(error);
        throw new NotHealed(`not healed, in ${healingAttempts} attempts: ${why}`, { cause: error });
      }
      await sleep(pauseMs);
    }
  }
}
