import { z } from 'zod';
import type { Telemetry } from '@crows-nest/telemetry';
import type { ApiMetrics } from '../metrics/roles.ts';
import { Problem } from '../problem.ts';
import type { SecurityEvents } from '../security/events.ts';
import { transactionSchema } from './gateway.ts';
import type { Settle, Settling } from './settle.ts';
import { type Verdict, verify } from './signature.ts';

/** An event of the gateway's. What it does not know of it lets through, so that the gateway may tell more one day. */
export const eventSchema = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(64),
  data: transactionSchema,
});

export type GatewayEvent = z.output<typeof eventSchema>;

/** How an event came. */
export interface Delivery {
  /** The header `Gateway-Signature`, over `body`. */
  signature: string;
  body: Buffer;
  /** Where it comes from. */
  address: string;
}

export interface Webhooks {
  /**
   * Takes in an event. Changes nothing but for the first event that tells a payment's end.
   *
   * @throws {Problem} 400 when it is forged, or older than five minutes
   */
  receive(delivery: Delivery, event: GatewayEvent): Promise<Settling | 'pending'>;
}

export interface WebhooksDependencies {
  /** What the gateway signs with. */
  secret: string;
  settle: Settle;
  telemetry: Pick<Telemetry, 'logger' | 'audit'>;
  events: SecurityEvents;
  metrics: Pick<ApiMetrics, 'paymentWebhooks'>;
}

const TYPES = ['charge', 'payout'].flatMap((kind) =>
  ['pending', 'succeeded', 'failed'].map((status) => `${kind}.${status}`),
);

export function createWebhooks({
  secret,
  settle,
  telemetry,
  events,
  metrics,
}: WebhooksDependencies): Webhooks {
  // Of what there is to alert on, the first is to be seen as an increase: a series that begins with it would have none.
  for (const outcome of ['mismatch', 'unknown'] satisfies Settling[]) {
    for (const type of [...TYPES, 'other']) metrics.paymentWebhooks.inc({ type, outcome }, 0);
  }
  for (const outcome of ['forged', 'stale'] satisfies Verdict[]) {
    metrics.paymentWebhooks.inc({ type: 'untrusted', outcome }, 0);
  }

  return {
    async receive({ signature, body, address }, { id, type, data: { reference, outcome } }) {
      const verdict = verify(signature, body, secret);
      if (verdict !== 'genuine') {
        // Its type may be anything.
        metrics.paymentWebhooks.inc({ type: 'untrusted', outcome: verdict });
        events.note('webhook_forged', address, { verdict });
        const action = 'payment.webhook';
        telemetry.audit({ action, outcome: 'failure', address, reason: verdict });
        throw refusal(verdict);
      }
      const { status } = outcome;
      const settling =
        status === 'pending'
          ? 'pending'
          : await settle(reference, { ...outcome, status }, { id, type });
      metrics.paymentWebhooks.inc({
        type: TYPES.includes(type) ? type : 'other',
        outcome: settling,
      });
      if (settling === 'unknown') {
        telemetry.logger.warn('A webhook is about a payment that is not ours', {
          event: id,
          reference,
        });
      }
      return settling;
    },
  };
}

function refusal(verdict: 'forged' | 'stale'): Problem {
  return new Problem({
    status: 400,
    code: `webhook-${verdict}`,
    title: 'Webhook refused',
    detail:
      verdict === 'forged'
        ? 'Gateway-Signature is not "t=<Unix seconds>,v1=<hex HMAC-SHA256 of t.body>" under the secret that we share.'
        : 'The signature is more than five minutes off our clock. Sign again, and send again.',
  });
}
