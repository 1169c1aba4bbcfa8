import type { Inbox } from './inbox.ts';

export interface HeartbeatStatus {
  /** waiting: none has come yet, and none is overdue · beating: in time · missed: overdue, the alarm is raised. */
  state: 'waiting' | 'beating' | 'missed';
  /** When Prometheus was last known to be awake, ISO 8601 in UTC; null before the first heartbeat. */
  lastAt: string | null;
}

export interface HeartbeatOptions {
  inbox: Inbox;
  now: () => Date;
  /** How old the last heartbeat may grow before the alarm is raised. */
  limitSeconds: number;
  /** Silence after start that is allowed before the first one: the whole stack may still be starting. */
  firstLimitSeconds: number;
}

/**
 * Watches for Alertmanager's Watchdog. When Prometheus or Alertmanager is down nothing inside can say so;
 * its silence is the signal, and somebody outside has to hear it.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #startedAt: Date;
  #lastAt: Date | undefined;
  #missed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /**
   * A heartbeat came. Ends the alarm where one is raised.
   *
   * @param evaluatedAt when Prometheus evaluated the Watchdog. Alertmanager goes on for four minutes after Prometheus has stopped, with what
   *   it last heard, and then this is what counts: such a heartbeat is no newer than the one before. Left out: now.
   */
  beat(evaluatedAt: Date = this.#options.now()): void {
    const now = this.#options.now();
    const before = this.#lastAt ?? this.#startedAt;
    // Of clocks that differ the later time is no proof of a later life.
    const at = evaluatedAt < now ? evaluatedAt : now;
    if (this.#lastAt && at <= this.#lastAt) return;
    this.#lastAt = at;
    if (!this.#missed || this.#isOverdue()) return;
    this.#missed = false;
    this.#tell(
      'resolved',
      '[RESOLVED] The heartbeat is back',
      `Prometheus and Alertmanager are heard again after ${describe(this.#lastAt, before)} of silence.`,
    );
  }

  /** Raises the alarm, once, when a heartbeat is overdue. Called every few seconds. */
  check(): void {
    if (this.#missed || !this.#isOverdue()) return;
    const { now } = this.#options;
    const since = this.#lastAt ?? this.#startedAt;
    this.#missed = true;
    this.#tell(
      'firing',
      '[FIRING:1] No heartbeat from Alertmanager',
      this.#lastAt
        ? `The last heartbeat is ${describe(now(), since)} old, and one is due every minute. Prometheus or Alertmanager is down, ` +
            'or the way from it to here is: no other alert will arrive until it is mended. Ask `make doctor`.'
        : `No heartbeat has come in ${describe(now(), since)} since the inbox started. Prometheus or Alertmanager is not running, ` +
            'or it does not send Watchdog to POST /heartbeat. Ask `make doctor`.',
    );
  }

  status(): HeartbeatStatus {
    const state = this.#missed ? 'missed' : this.#lastAt ? 'beating' : 'waiting';
    return { state, lastAt: this.#lastAt?.toISOString() ?? null };
  }

  #isOverdue(): boolean {
    const { now, limitSeconds, firstLimitSeconds } = this.#options;
    const since = this.#lastAt ?? this.#startedAt;
    const limit = this.#lastAt ? limitSeconds : firstLimitSeconds;
    return now().getTime() - since.getTime() > limit * 1000;
  }

  #tell(status: 'firing' | 'resolved', title: string, text: string): void {
    this.#options.inbox.add({
      channel: 'heartbeat',
      to: 'inbox',
      from: 'Crow’s Nest inbox',
      severity: 'critical',
      status,
      title,
      text,
      links: [],
    });
  }
}

function describe(later: Date, earlier: Date): string {
  const seconds = Math.round((later.getTime() - earlier.getTime()) / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
