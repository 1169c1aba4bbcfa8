import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { captureCarrier, type Carrier } from '@crows-nest/telemetry';

import { cardOf, tokens, type Card } from './cards.ts';
import type { Faults } from './faults.ts';
import { FirstTimes } from './first-times.ts';
import { Refusal } from './refusal.ts';
import { Transactions, type Kind, type Order, type Transaction } from './transactions.ts';
import type { Event, WebhookOutcome, Webhooks } from './webhooks.ts';

/** How long things take: milliseconds. */
export interface Timing {
  /** From the call to the bank's answer. */
  settleMs: number;
  /** The same with `card_slow`. */
  slowMs: number;
  /** By how much the webhooks of `card_webhook_late` are late. */
  lateMs: number;
  /** How long a call with `card_hangs` goes unanswered. */
  hangMs: number;
  /** Before a webhook that failed is sent again; each next pause is twice as long. */
  retryMs: number;
}

export const usualTiming: Timing = {
  settleMs: 300,
  slowMs: 10_000,
  lateMs: 20_000,
  hangMs: 30_000,
  retryMs: 1_000,
};

export type Outcome = 'succeeded' | 'failed' | 'refused' | 'error';

export interface ProcessorOptions {
  timing: Timing;
  webhooks: Webhooks;
  faults: Pick<Faults, 'on'> | undefined;
  countTransaction: (kind: Kind, outcome: Outcome) => void;
  countWebhook: (outcome: WebhookOutcome) => void;
}

const REMEMBERED = 10_000;
const LOOK_MS = 250;

/** Takes orders, lets the bank decide on them a moment later, and tells the merchant. */
export class Processor {
  readonly transactions = new Transactions(REMEMBERED);
  readonly #options: ProcessorOptions;
  readonly #usedCards = new FirstTimes(REMEMBERED);
  readonly #failedKeys = new FirstTimes(REMEMBERED);
  readonly #stop = new AbortController();

  constructor(options: ProcessorOptions) {
    this.#options = options;
  }

  /**
   * Begins a charge or payout, or finds the one that was begun with the same key.
   *
   * @throws {Refusal} 402 for an unknown card, 409 when the key was used for another order, 429 when too many are
   *   pending, 500 as `card_error` asks for
   */
  async begin(
    kind: Kind,
    order: Order,
    key: string,
  ): Promise<{ transaction: Transaction; replayed: boolean }> {
    const { countTransaction, timing } = this.#options;
    const card = cardOf(order.card);
    if (card === undefined) {
      countTransaction(kind, 'refused');
      throw new Refusal(
        402,
        'card_unknown',
        `There is no such card. There are: ${tokens.join(', ')}.`,
      );
    }
    if (card.call === 'fails first' && this.#failedKeys.add(key)) {
      countTransaction(kind, 'error');
      throw new Refusal(
        500,
        'internal_error',
        'Something went wrong here. Try again with the same key.',
      );
    }
    const known = this.transactions.byKey(key);
    if (known && !asksForTheSame(known, kind, order)) {
      throw new Refusal(
        409,
        'idempotency_key_reused',
        'This Idempotency-Key was used for another order. Use a new one.',
      );
    }
    const transaction = known ?? this.transactions.add(kind, order, key, new Date());
    if (!known) void this.#process(transaction, card, captureCarrier()).catch(() => undefined); // closed meanwhile
    if (card.call === 'hangs') await this.#wait(timing.hangMs);
    return { transaction, replayed: known !== undefined };
  }

  /** Waits while payments-hang is on, as long as a caller of `card_hangs` does at most. */
  async hang(): Promise<void> {
    const until = Date.now() + this.#options.timing.hangMs;
    while (this.#options.faults?.on('payments-hang') && Date.now() < until)
      await this.#wait(LOOK_MS);
  }

  /** Ends all waiting. What is pending then stays so. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.#options.webhooks.close();
  }

  async #process(transaction: Transaction, card: Card, carrier: Carrier): Promise<void> {
    const { timing, faults, countTransaction } = this.#options;
    const spared = card.declinedOnce && !this.#usedCards.add(transaction.card);
    const pending = eventOf(transaction);
    if (card.webhooks !== 'out of order') this.#tell(pending, card, carrier);

    await this.#wait(card.slow ? timing.slowMs : timing.settleMs);
    transaction.failureCode = spared ? null : (card.declined ?? null);
    if (faults?.on('payments-declined')) transaction.failureCode ??= 'insufficient_funds';
    transaction.status = transaction.failureCode === null ? 'succeeded' : 'failed';
    transaction.settledAt = new Date().toISOString();
    countTransaction(transaction.kind, transaction.status);

    if (card.webhooks === 'late') await this.#wait(timing.lateMs);
    this.#tell(eventOf(transaction), card, carrier);
    if (card.webhooks === 'out of order') {
      await this.#wait(timing.settleMs);
      this.#tell(pending, card, carrier);
    }
  }

  #tell(event: Event, card: Card, carrier: Carrier): void {
    const { webhooks, faults, countWebhook } = this.#options;
    if (card.webhooks === 'lost' || faults?.on('webhooks-lost')) {
      countWebhook('lost');
      return;
    }
    webhooks.send(event, carrier);
    if (card.webhooks === 'twice') webhooks.send(event, carrier);
  }

  #wait(milliseconds: number): Promise<void> {
    return wait(milliseconds, undefined, { signal: this.#stop.signal });
  }
}

function eventOf(transaction: Transaction): Event {
  return {
    id: `evt_${randomBytes(12).toString('hex')}`,
    type: `${transaction.kind}.${transaction.status}`,
    createdAt: new Date().toISOString(),
    // As it is now: it goes on changing.
    data: { ...transaction },
  };
}

function asksForTheSame(known: Transaction, kind: Kind, order: Order): boolean {
  return (
    known.kind === kind &&
    known.amount === order.amount &&
    known.card === order.card &&
    known.reference === order.reference
  );
}
