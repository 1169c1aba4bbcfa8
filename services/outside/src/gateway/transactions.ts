import { randomBytes } from 'node:crypto';

import { Refusal } from './refusal.ts';

/** A charge takes money from a card, a payout gives money to it. */
export type Kind = 'charge' | 'payout';

/** What a merchant asks for. */
export interface Order {
  /** Cents. */
  amount: number;
  currency: 'BERRY';
  /** The card's token. */
  card: string;
  /** The merchant's own id of it. */
  reference: string;
}

/** A charge or payout, as merchants see it. */
export interface Transaction extends Order {
  id: string;
  kind: Kind;
  status: 'pending' | 'succeeded' | 'failed';
  failureCode: string | null;
  /** ISO 8601. */
  createdAt: string;
  settledAt: string | null;
}

/** The last so many transactions, in memory: whoever asks for an older one, or after a restart, is told that there is none. */
export class Transactions {
  readonly #limit: number;
  readonly #byId = new Map<string, Transaction>();
  readonly #byKey = new Map<string, Transaction>();
  /** The idempotency key that each was made with. */
  readonly #keys = new Map<Transaction, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {Refusal} 429 when so many are pending that none can be forgotten */
  add(kind: Kind, order: Order, key: string, now: Date): Transaction {
    this.#makeRoom();
    const transaction: Transaction = {
      id: `${kind === 'charge' ? 'ch' : 'po'}_${randomBytes(12).toString('hex')}`,
      kind,
      ...order,
      status: 'pending',
      failureCode: null,
      createdAt: now.toISOString(),
      settledAt: null,
    };
    this.#byId.set(transaction.id, transaction);
    this.#byKey.set(key, transaction);
    this.#keys.set(transaction, key);
    return transaction;
  }

  byId(kind: Kind, id: string): Transaction | undefined {
    const transaction = this.#byId.get(id);
    return transaction?.kind === kind ? transaction : undefined;
  }

  byKey(key: string): Transaction | undefined {
    return this.#byKey.get(key);
  }

  byReference(kind: Kind, reference: string): Transaction[] {
    return [...this.#byId.values()].filter(
      (transaction) => transaction.kind === kind && transaction.reference === reference,
    );
  }

  #makeRoom(): void {
    if (this.#byId.size < this.#limit) return;
    const [oldest] = this.#byId.values();
    if (oldest === undefined || oldest.status === 'pending') {
      throw new Refusal(429, 'too_many_pending', `${this.#limit} are pending. Try again later.`);
    }
    this.#byId.delete(oldest.id);
    this.#byKey.delete(this.#keys.get(oldest) ?? '');
    this.#keys.delete(oldest);
  }
}
