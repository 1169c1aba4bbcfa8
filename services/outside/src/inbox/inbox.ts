import { randomUUID } from 'node:crypto';

import type { Channel, Message, NewMessage, Severity, Status } from './message.ts';

export interface Filter {
  channel?: Channel | undefined;
  severity?: Severity | undefined;
  status?: Status | undefined;
  /** Only messages that tell of an alert (they have a status). */
  alerts?: boolean | undefined;
}

export function matches(message: Message, filter: Filter): boolean {
  return (
    (filter.channel === undefined || message.channel === filter.channel) &&
    (filter.severity === undefined || message.severity === filter.severity) &&
    (filter.status === undefined || message.status === filter.status) &&
    (!filter.alerts || message.status !== undefined)
  );
}

/**
 * The last messages that left the system, in memory: they are the outside world's, not our data, so a restart may forget them.
 * Alerts and everything else have a share of their own, so that a load test's trade confirmations cannot push out an alert.
 */
export class Inbox {
  readonly #share: number;
  readonly #now: () => Date;
  readonly #alerts: Message[] = [];
  readonly #others: Message[] = [];
  readonly #listeners = new Set<(message: Message) => void>();

  /** `limit`: messages kept in all, half of them for alerts. */
  constructor(options: { limit: number; now: () => Date }) {
    this.#share = Math.floor(options.limit / 2);
    this.#now = options.now;
  }

  add(message: NewMessage): Message {
    const kept = { id: randomUUID(), at: this.#now().toISOString(), ...message };
    const share = message.status === undefined ? this.#others : this.#alerts;
    share.push(kept);
    if (share.length > this.#share) share.shift();
    for (const listener of this.#listeners) listener(kept);
    return kept;
  }

  /** Newest first. */
  list(filter: Filter, limit: number): Message[] {
    // Both shares are in order of arrival, and a stable sort keeps that order within one millisecond.
    return [...this.#others, ...this.#alerts]
      .filter((message) => matches(message, filter))
      .reverse()
      .sort((a, b) => b.at.localeCompare(a.at))
      .slice(0, limit);
  }

  /** Calls the listener with each message that arrives from now on, until the returned function is called. */
  subscribe(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
