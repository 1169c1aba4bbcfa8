import { setTimeout as wait } from 'node:timers/promises';

import { outgoingHeaders, runWithCarrier, type Carrier } from '@crows-nest/telemetry';

import { signatureOf } from './signature.ts';
import type { Transaction } from './transactions.ts';

/** What a merchant is told. The same id each time it is told. */
export interface Event {
  id: string;
  /** For example `charge.succeeded`. */
  type: string;
  /** ISO 8601. */
  createdAt: string;
  data: Transaction;
}

export interface WebhooksOptions {
  /** The merchant's address: a setting of its account, so that no request can send events elsewhere. */
  url: string;
  secret: string;
  /** Pause after the first failure; each next one is twice as long. Milliseconds. */
  retryMs: number;
  count: (outcome: WebhookOutcome) => void;
}

/** Of each attempt `delivered` or `failed`; of each event that was given up `abandoned`, of one held back `lost`. */
export type WebhookOutcome = 'delivered' | 'failed' | 'abandoned' | 'lost';

export interface Webhooks {
  /** Posts the event until the merchant answers 2xx; does not wait for that. `carrier` says which trace it belongs to. */
  send(event: Event, carrier: Carrier): void;
  /** Gives up what is not delivered yet. */
  close(): Promise<void>;
}

/** With pauses of 1, 2, 4 … 64 s: two minutes. Real gateways try for days. */
const ATTEMPTS = 8;
const TIMEOUT_MS = 5_000;
/** Events on their way at once; those beyond are abandoned, and the merchant has to ask. */
const UNDER_WAY = 1_000;

export function createWebhooks({ url, secret, retryMs, count }: WebhooksOptions): Webhooks {
  const stop = new AbortController();
  const underWay = new Set<Promise<void>>();

  async function post(event: Event): Promise<boolean> {
    const body = JSON.stringify(event);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Gateway-Signature': signatureOf(secret, new Date(), body),
          ...outgoingHeaders(),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async function deliver(event: Event): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await wait(retryMs * 2 ** (attempt - 1), undefined, { signal: stop.signal });
      if (await post(event)) {
        count('delivered');
        return;
      }
      count('failed');
    }
    count('abandoned');
  }

  return {
    send(event, carrier) {
      if (underWay.size >= UNDER_WAY) {
        count('abandoned');
        return;
      }
      const delivery = runWithCarrier(carrier, () => deliver(event))
        .catch(() => undefined) // closed while it waited
        .finally(() => underWay.delete(delivery));
      underWay.add(delivery);
    },
    async close() {
      stop.abort();
      await Promise.all(underWay);
    },
  };
}
