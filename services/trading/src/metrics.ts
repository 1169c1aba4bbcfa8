import { Counter, Gauge, Histogram } from 'prom-client';
import type { Telemetry } from '@crows-nest/telemetry';

/**
 * The catalogue of what this service measures of its own (docs: signals). One function a role, because a metric that is
 * registered shows up with the value 0, also in a process that cannot know it.
 */
type Registry = Telemetry['registry'];

/** What the API counts: people, orders, and the trades that it makes. */
export function createApiMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ...createTradeMetrics(registry),
    ...createStreamMetrics(registry),
    ...createDeliveryMetrics(registry),
    ...createPaymentMetrics(registry),
    authAttempts: new Counter({
      name: 'auth_attempts_total',
      help: 'Attempts to register, log in, or use a token',
      labelNames: ['type', 'success'] as const,
      registers,
    }),
    securityEvents: new Counter({
      name: 'security_events_total',
      help: 'What looks like an attack: directory_traversal, sql_injection_probe, token_forged (a bearer token that is malformed), rate_limited, account_locked, webhook_forged',
      labelNames: ['type'] as const,
      registers,
    }),
    contentAccess: new Counter({
      name: 'content_access_total',
      help: 'Research notes read; private ones are for subscribers',
      labelNames: ['type', 'character'] as const,
      registers,
    }),
    customerRating: new Histogram({
      name: 'customer_rating',
      help: 'How content customers say they are, from 1 to 5, each rating as it is given',
      buckets: [1, 2, 3, 4, 5],
      registers,
    }),
    webPageLoad: new Histogram({
      name: 'web_page_load_seconds',
      help: 'Time that phases of loading a page took in the browser',
      labelNames: ['page', 'phase'] as const,
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    // The bounds of good and poor, and one to either side: https://web.dev/articles/vitals.
    webVital: new Histogram({
      name: 'web_vital_seconds',
      help: 'Web vitals that are times, as the browser saw them',
      labelNames: ['name'] as const,
      buckets: [0.1, 0.2, 0.5, 0.8, 1.8, 2.5, 3, 4, 8],
      registers,
    }),
    webVitalRatio: new Histogram({
      name: 'web_vital_ratio',
      help: 'Web vitals that are ratios (CLS), as the browser saw them',
      labelNames: ['name'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1],
      registers,
    }),
    // Few buckets, because there may be a series of each for every status of every route.
    webApiCall: new Histogram({
      name: 'web_api_call_duration_seconds',
      help: 'Time of calls to the API, as the browser saw them',
      labelNames: ['route', 'status_code'] as const,
      buckets: [0.1, 0.3, 1, 3],
      registers,
    }),
    webErrors: new Counter({
      name: 'web_errors_total',
      help: 'Errors in the browser that nobody caught',
      registers,
    }),
    userSignups: new Counter({
      name: 'user_signups_total',
      help: 'Customers registered',
      registers,
    }),
    tradeDuration: new Histogram({
      name: 'trade_duration_seconds',
      help: 'Time from the order to its execution or refusal',
      labelNames: ['outcome'] as const,
      buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    ordersCreated: new Counter({
      name: 'orders_created_total',
      help: 'Orders taken on',
      labelNames: ['kind', 'side'] as const,
      registers,
    }),
    ordersRejected: new Counter({
      name: 'orders_rejected_total',
      help: 'Orders refused, and why',
      labelNames: ['kind', 'side', 'reason'] as const,
      registers,
    }),
    ordersCancelled: ordersCancelled(registry),
    paymentWebhooks: new Counter({
      name: 'payment_webhooks_total',
      help: "The gateway's webhooks, by what became of them",
      labelNames: ['type', 'outcome'] as const,
      registers,
    }),
  };
}

/** Streams of quotes and orders. */
function createStreamMetrics(registry: Registry) {
  const registers = [registry];
  return {
    streamConnections: new Gauge({
      name: 'websocket_connections',
      help: 'Streams that are open',
      registers,
    }),
    streamMessages: new Counter({
      name: 'websocket_messages_total',
      help: 'Messages of streams; invalid: those that were refused',
      labelNames: ['type', 'direction'] as const,
      registers,
    }),
    streamDuration: new Histogram({
      name: 'price_stream_duration_seconds',
      help: 'How long streams lasted in which a customer had authenticated',
      buckets: [1, 5, 15, 60, 300, 900, 3600, 14_400],
      registers,
    }),
  };
}

/** What is reported of deployments and incidents. */
function createDeliveryMetrics(registry: Registry) {
  const registers = [registry];
  return {
    deployments: new Counter({
      name: 'deployments_total',
      help: 'Deployments reported',
      labelNames: ['environment', 'outcome'] as const,
      registers,
    }),
    deploymentLeadTime: new Histogram({
      name: 'deployment_lead_time_seconds',
      help: 'Time from the oldest commit in a deployment to its success',
      buckets: [300, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000],
      registers,
    }),
    incidentRecovery: new Histogram({
      name: 'incident_recovery_seconds',
      help: 'Time from the start of an incident to its end',
      buckets: [30, 60, 120, 300, 600, 1800, 3600, 14_400, 43_200, 86_400],
      registers,
    }),
  };
}

/** What is counted of a trade (money in cents), where it is made: market orders by the API, limit orders by the market. */
export function createTradeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ordersExecuted: new Counter({
      name: 'orders_executed_total',
      help: 'Orders filled to the last share',
      labelNames: ['kind', 'side'] as const,
      registers,
    }),
    trades: new Counter({
      name: 'trades_total',
      help: 'Trades executed',
      labelNames: ['character', 'action', 'kind'] as const,
      registers,
    }),
    tradingVolume: new Counter({
      name: 'trading_volume_total',
      help: 'Money that changed hands in trades, without commission, in cents',
      labelNames: ['character', 'action'] as const,
      registers,
    }),
    revenue: revenue(registry),
    realisedProfit: new Counter({
      name: 'customer_realised_profit_total',
      help: 'What customers gained by sales, over the average cost, in cents',
      registers,
    }),
    realisedLoss: new Counter({
      name: 'customer_realised_loss_total',
      help: 'What customers lost by sales, under the average cost, in cents',
      registers,
    }),
    firstTrades: new Counter({
      name: 'first_trades_total',
      help: 'Customers who made their first trade (over user_signups_total: conversion)',
      registers,
    }),
    ledgerEntries: ledgerEntries(registry),
  };
}

function revenue(registry: Registry) {
  return new Counter({
    name: 'revenue_total',
    help: 'What the house earned, in cents',
    labelNames: ['source'] as const,
    registers: [registry],
  });
}

function ordersCancelled(registry: Registry) {
  return new Counter({
    name: 'orders_cancelled_total',
    help: 'Orders closed before they were filled: by the customer, or because their time was over',
    labelNames: ['kind', 'side'] as const,
    registers: [registry],
  });
}

function ledgerEntries(registry: Registry) {
  return new Counter({
    name: 'ledger_entries_total',
    help: 'Ledger entries posted',
    registers: [registry],
  });
}

/** What is told of payments by whoever takes or settles them: the API, to which webhooks come, and the worker, which asks. */
export function createPaymentMetrics(registry: Registry) {
  const registers = [registry];
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
    paymentDuration: new Histogram({
      name: 'payment_duration_seconds',
      help: 'Time from asking for a payment to its success in the books',
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
      registers,
    }),
    subscriptionFailures: new Counter({
      name: 'subscription_failures_total',
      help: 'Charges of the real-time plan that were declined',
      registers,
    }),
  };
}

/** Age of the quotes in use, asked at scrape time from memory. */
export function registerQuoteAge(registry: Registry, ageSeconds: () => number | undefined): void {
  new Gauge({
    name: 'market_quote_age_seconds',
    help: 'Age of the newest quotes known; over 3 they are not traded on',
    registers: [registry],
    collect() {
      this.reset();
      const age = ageSeconds();
      if (age !== undefined) this.set(age);
      else this.remove();
    },
  });
}

/** What the price engine tells. */
export function createMarketMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ticks: new Counter({
      name: 'market_ticks_total',
      help: 'Rounds of quotes published',
      registers,
    }),
    leader: new Gauge({
      name: 'market_leader',
      help: '1 while this process quotes, 0 while it stands by',
      registers,
    }),
    price: new Gauge({
      name: 'market_price',
      help: 'Last price of a character, in cents',
      labelNames: ['character'] as const,
      registers,
    }),
    halts: new Counter({
      name: 'market_halts_total',
      help: 'Times that trading in a character was halted, because its price moved too far in a minute',
      labelNames: ['character'] as const,
      registers,
    }),
  };
}

/** What the worker counts and looks up in the background. */
export function createWorkerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ...createPaymentMetrics(registry),
    jobsProcessed: new Counter({
      name: 'jobs_processed_total',
      help: 'Jobs run, by how they ended',
      labelNames: ['queue', 'name', 'outcome'] as const,
      registers,
    }),
    jobDuration: new Histogram({
      name: 'job_duration_seconds',
      help: 'Time a job ran',
      labelNames: ['queue', 'name'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    jobWait: new Histogram({
      name: 'job_wait_seconds',
      help: 'Time from the event that a job is about to its first run',
      labelNames: ['queue', 'name'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
    jobQueueDepth: new Gauge({
      name: 'job_queue_depth',
      help: 'Jobs in a queue, by state',
      labelNames: ['queue', 'state'] as const,
      registers,
    }),
    outboxLag: new Gauge({
      name: 'outbox_lag_seconds',
      help: 'Age of the oldest message not yet handed to the queue',
      registers,
    }),
    activeUsers: new Gauge({
      name: 'active_users',
      help: 'Customers seen in the last 5 minutes',
      registers,
    }),
    subscriptionsActive: new Gauge({
      name: 'subscriptions_active',
      help: 'Customers whose real-time plan runs',
      registers,
    }),
    activeSessions: new Gauge({
      name: 'auth_active_sessions',
      help: 'Sessions that have not expired',
      registers,
    }),
    ordersOpen: new Gauge({
      name: 'orders_open',
      help: 'Limit orders that wait for their price',
      registers,
    }),
    ordersCancelled: ordersCancelled(registry),
    revenue: revenue(registry),
    ledgerEntries: ledgerEntries(registry),
    holdingsValue: new Gauge({
      name: 'customer_holdings_value',
      help: 'All shares customers hold, at the bid, in cents',
      registers,
    }),
    incidentsOpen: new Gauge({
      name: 'incidents_open',
      help: 'Incidents that have not ended',
      registers,
    }),
    changeFailureRate: new Gauge({
      name: 'change_failure_rate',
      help: 'Deployments of the last 30 days that failed or led to a critical incident, over all; absent without any',
      registers,
    }),
    journeySuccess: new Gauge({
      name: 'journey_success',
      help: 'Whether a step of a synthetic journey could be done when it was last walked: 1 or 0',
      labelNames: ['journey', 'step'] as const,
      registers,
    }),
    journeyDuration: new Gauge({
      name: 'journey_duration_seconds',
      help: 'Time that a step of a synthetic journey took when it was last walked; none when it failed',
      labelNames: ['journey', 'step'] as const,
      registers,
    }),
    ledgerImbalance: new Gauge({
      name: 'ledger_imbalance',
      help: 'What is wrong in the books, by asset: sum of entries off zero, and balances off their entries; must be 0',
      labelNames: ['asset'] as const,
      registers,
    }),
  };
}

export type TradeMetrics = ReturnType<typeof createTradeMetrics>;
export type ApiMetrics = ReturnType<typeof createApiMetrics>;
export type PaymentMetrics = ReturnType<typeof createPaymentMetrics>;
export type MarketMetrics = ReturnType<typeof createMarketMetrics>;
export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;
