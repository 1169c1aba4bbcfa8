import { createAuditLogGauges } from './audit-log.ts';
import { createAuthGauges, createAuthMetrics } from './auth.ts';
import { createCustomerMetrics } from './customers.ts';
import { createDeliveryGauges, createDeliveryMetrics } from './delivery.ts';
import { createFaultMetrics } from './faults.ts';
import { createJobMetrics } from './jobs.ts';
import { createJourneyMetrics } from './journeys.ts';
import { createLedgerGauges, ledgerEntries } from './ledger.ts';
import { createPriceMetrics } from './market.ts';
import { createPaymentGauges, createPaymentMetrics, createWebhookMetrics } from './payments.ts';
import type { Registry } from './registry.ts';
import { createStreamMetrics } from './streams.ts';
import {
  createOrderMetrics,
  createTradeMetrics,
  createTradingGauges,
  ordersCancelled,
  revenue,
} from './trading.ts';

/**
 * What each role measures of its own (docs/signals.md lists it all). By role, because a metric that is registered shows up
 * with the value 0, also in a process that cannot know it.
 */

/** What the API counts: people, orders, and the trades that it makes. */
export function createApiMetrics(registry: Registry) {
  return {
    ...createAuthMetrics(registry),
    ...createOrderMetrics(registry),
    ...createTradeMetrics(registry),
    ...createPaymentMetrics(registry),
    ...createWebhookMetrics(registry),
    ...createStreamMetrics(registry),
    ...createCustomerMetrics(registry),
    ...createDeliveryMetrics(registry),
    ...createFaultMetrics(registry),
  };
}

/** What the market counts: rounds of quotes, and the trades that it makes of limit orders. */
export function createMarketMetrics(registry: Registry) {
  return {
    ...createPriceMetrics(registry),
    ...createTradeMetrics(registry),
    ...createFaultMetrics(registry),
  };
}

/** What the worker counts and looks up in the background. */
export function createWorkerMetrics(registry: Registry) {
  return {
    ...createAuthGauges(registry),
    ...createTradingGauges(registry),
    ordersCancelled: ordersCancelled(registry),
    revenue: revenue(registry),
    ...createPaymentMetrics(registry),
    ...createPaymentGauges(registry),
    ...createJobMetrics(registry),
    ...createJourneyMetrics(registry),
    ...createDeliveryGauges(registry),
    ledgerEntries: ledgerEntries(registry),
    ...createLedgerGauges(registry),
    ...createAuditLogGauges(registry),
    ...createFaultMetrics(registry),
  };
}

export type ApiMetrics = ReturnType<typeof createApiMetrics>;
export type MarketMetrics = ReturnType<typeof createMarketMetrics>;
export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;
