import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from './registry.ts';

/** What is told of payments by whoever takes or settles them: the API, to which webhooks come, and the worker, which asks. */
export function createPaymentMetrics(registry: Registry) {
  const registers = [registry];
  const paymentDuration = new Histogram({
    name: 'payment_duration_seconds',
    help: 'Time from asking for a payment to its success in the books',
    labelNames: ['kind'] as const,
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
    registers,
  });
  // There before the first one, so that no deposits and no metric can be told apart (docs/slo.md).
  paymentDuration.zero({ kind: 'deposit' });
  return {
    payments: new Counter({
      name: 'payments_total',
      help: 'Payments that are settled, by what came of them',
      labelNames: ['kind', 'status', 'gateway'] as const,
      registers,
    }),
    paymentValue: new Counter({
      name: 'payment_value_total',
      help: 'Money of the payments that succeeded, in cents',
      labelNames: ['kind'] as const,
      registers,
    }),
    paymentFailures: new Counter({
      name: 'payment_failures_total',
      help: 'Payments that failed, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    paymentDuration,
    subscriptionFailures: new Counter({
      name: 'subscription_failures_total',
      help: 'Charges of the real-time plan that were declined',
      registers,
    }),
  };
}

/** What the gateway tells us by itself. */
export function createWebhookMetrics(registry: Registry) {
  return {
    paymentWebhooks: new Counter({
      name: 'payment_webhooks_total',
      help: "The gateway's webhooks, by what became of them",
      labelNames: ['type', 'outcome'] as const,
      registers: [registry],
    }),
  };
}

/** Who waits for a payment, and who pays for real-time quotes: looked up in the background. */
export function createPaymentGauges(registry: Registry) {
  return {
    paymentPendingAge: new Gauge({
      name: 'payment_pending_age_seconds',
      help: 'Age of the oldest payment that the gateway has not answered for; 0 without one',
      registers: [registry],
    }),
    subscriptionsActive: new Gauge({
      name: 'subscriptions_active',
      help: 'Customers whose real-time plan runs',
      registers: [registry],
    }),
  };
}

export type PaymentMetrics = ReturnType<typeof createPaymentMetrics>;
