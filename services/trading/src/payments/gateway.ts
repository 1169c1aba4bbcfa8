import { z } from 'zod';
import { outgoingHeaders } from '@crows-nest/telemetry';
import { cents, type Cents } from '../money.ts';
import type { Payment } from './payment.ts';

/** What the gateway says of a payment. */
export interface Outcome {
  status: 'pending' | 'succeeded' | 'failed';
  /** The gateway's id of it; null when it refused to make one. */
  chargeId: string | null;
  amount: Cents;
  /** Why it failed; null otherwise. */
  reason: string | null;
}

export interface Gateway {
  /**
   * Has the payment carried out, once however often it is asked for.
   *
   * @throws when it is not known whether the gateway heard: ask again
   */
  begin(payment: Payment): Promise<Outcome>;
  /** What came of a payment; undefined when the gateway never heard of it. @throws when it cannot be asked */
  find(payment: Payment): Promise<Outcome | undefined>;
}

export interface GatewayOptions {
  /** Its API, for example http://outside:8025/gateway/v1. */
  url: string;
  /** The merchant's key. */
  key: string;
}

const TIMEOUT_MS = 5000;

/** A charge or payout in the gateway's API and webhooks, as far as it concerns us. */
export const transactionSchema = z
  .object({
    id: z.string().max(255),
    reference: z.string(),
    amount: z.int().transform(cents),
    status: z.enum(['pending', 'succeeded', 'failed']),
    failureCode: z.string().nullable(),
  })
  .transform(({ id, reference, amount, status, failureCode }) => ({
    reference,
    outcome: {
      status,
      chargeId: id,
      amount,
      reason: status === 'failed' ? (failureCode ?? 'unknown') : null,
    } satisfies Outcome,
  }));

const listSchema = z.object({ data: z.array(transactionSchema) });
const errorSchema = z.object({ error: z.object({ code: z.string() }) });

/** The card gateway's API: `services/outside/src/gateway`. */
export function createGateway({ url, key }: GatewayOptions): Gateway {
  const request = async (path: string, body?: { key: string; order: object }) => {
    const response = await fetch(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${key}`,
        ...outgoingHeaders(),
        ...(body && { 'content-type': 'application/json', 'idempotency-key': body.key }),
      },
      ...(body && { body: JSON.stringify(body.order) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, json: await response.json() };
  };

  return {
    async begin(payment) {
      const { reference, amount, card } = payment;
      const { status, json } = await request(pathOf(payment), {
        key: reference,
        order: { amount, currency: 'BERRY', card, reference },
      });
      if (status === 200 || status === 201) return transactionSchema.parse(json).outcome;
      // 402: a card that it does not take. Everything else is not about this payment, and may be right the next time.
      if (status === 402) {
        const { error } = errorSchema.parse(json);
        return { status: 'failed', chargeId: null, amount, reason: error.code };
      }
      throw new Error(`The gateway answered ${status} to ${pathOf(payment)}`);
    },

    async find(payment) {
      const { status, json } = await request(`${pathOf(payment)}?reference=${payment.reference}`);
      if (status !== 200) throw new Error(`The gateway answered ${status} to ${pathOf(payment)}`);
      return listSchema.parse(json).data[0]?.outcome;
    },
  };
}

function pathOf({ kind }: Payment): string {
  return kind === 'withdrawal' ? '/payouts' : '/charges';
}
