import { BAD, GOOD, WARNING } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redAbove, redFrom, type Panel } from './panel.ts';
import { quantile } from './percentiles.ts';
import { ratioGraph, ratioStat } from './ratio.ts';
import { sqlBars, sqlStat, sqlTable } from './sql.ts';
import { stat } from './stat.ts';
import { BERRIES } from './trading.ts';

/** Money that comes in and goes out by cards, and what the house earns. */

/** The first of its alternatives: failures that are not the customers’. */
const FAILURE_LIMIT = thresholdOf('PaymentFailuresHigh');
/** The first of its alternatives, in seconds; the other one counts deposits of which none was settled. */
const LATE_LIMIT = thresholdOf('DepositsLate');

/** As in prometheus/rules/money.yml: such a card fails rightly. */
const OURS = 'payment_failures_total{reason!~"insufficient_funds|expired_card|card_unknown"}';

export function revenue(width: number): Panel {
  return stat({
    title: 'Earned in 1 h',
    description:
      'By commission, spread and subscriptions, in the last hour. Bad: near 0 while customers trade.',
    unit: BERRIES,
    width,
    expr: 'sum(increase(revenue_total[1h])) / 100',
  });
}

export function failedForUs(width: number): Panel {
  return ratioStat({
    title: 'Failed, not for want of money',
    description:
      'Share of the payments of the last hour that failed for a reason that is not the customer’s card. Bad: red; PaymentFailuresHigh has the same limit, over 5 minutes.',
    width,
    thresholds: redFrom(FAILURE_LIMIT),
    part: `sum(increase(${OURS}[1h]))`,
    whole: 'sum(increase(payments_total[1h]))',
  });
}

export function timeToCredit(width: number): Panel {
  return stat({
    title: 'Credited within',
    description:
      'One payment in four of the last 15 minutes was in the books so soon after it was asked for; the others may be the slow cards of the default traffic. Bad: red, the limit of DepositsLate: webhooks do not come, and the worker has to ask.',
    unit: 's',
    width,
    thresholds: redFrom(LATE_LIMIT),
    expr: quantile({ q: 0.25, metric: 'payment_duration_seconds', window: '15m' }),
  });
}

export function pending(width: number): Panel {
  return sqlStat({
    title: 'Pending',
    description:
      'Payments that were asked for and not settled. Bad: rising and not coming down: the gateway, its webhooks or the worker.',
    unit: 'short',
    width,
    sql: 'SELECT coalesce(sum(payments), 0) FROM reporting.pending_payments',
  });
}

export function subscribers(width: number): Panel {
  return stat({
    title: 'Subscribers',
    description:
      'Customers whose real-time plan runs. Bad: falling: they cancel, or their cards fail.',
    unit: 'short',
    width,
    expr: 'max(subscriptions_active)',
  });
}

export function strangeWebhooks(width: number): Panel {
  return stat({
    title: 'Strange webhooks in 1 h',
    description:
      'Webhooks that were forged, too old, or told of what does not fit the books. Bad: any: an attack, another secret, or a clock (PaymentWebhookErrors).',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('PaymentWebhookErrors')),
    expr: 'sum(increase(payment_webhooks_total{outcome=~"mismatch|unknown|forged|stale"}[1h]))',
  });
}

export function paymentsByOutcome(width: number): Panel {
  return graph({
    title: 'Payments',
    description:
      'Settled per minute, by kind and what came of them. Bad: `failed` above `succeeded`, or no deposit settled while they are asked for.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (kind, status) (rate(payments_total[$__rate_interval])) * 60',
        legend: '{{kind}} {{status}}',
      },
    ],
  });
}

export function failuresByReason(width: number): Panel {
  return graph({
    title: 'Failures by reason',
    description:
      'In 5 minutes. Bad: `other` at all, or a reason that jumps; a few of insufficient_funds and expired_card are the customers’ own.',
    unit: 'short',
    width,
    stacked: true,
    queries: [
      { expr: 'sum by (reason) (increase(payment_failures_total[5m]))', legend: '{{reason}}' },
    ],
    whenEmpty: 'No payment has failed',
    emptyWhenHealthy:
      'payments can all succeed; the default traffic pays with bad cards now and then',
  });
}

export function failureShare(width: number): Panel {
  return ratioGraph({
    title: 'Share of failures that are not the customers’',
    description:
      'Of the payments of the last 5 minutes. Bad: at the dashed line for 5 minutes, which is PaymentFailuresHigh.',
    width,
    limit: FAILURE_LIMIT,
    part: `sum(increase(${OURS}[5m]))`,
    whole: 'sum(increase(payments_total[5m]))',
    legend: 'share',
  });
}

export function webhooks(width: number): Panel {
  return graph({
    title: 'Webhooks by outcome',
    description:
      'The card gateway’s, per minute. Bad: `mismatch`, `unknown`, `forged` or `stale` at all, or none while payments are made.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (outcome) (rate(payment_webhooks_total[$__rate_interval])) * 60',
        legend: '{{outcome}}',
      },
    ],
  });
}

export function gatewayCalls(width: number): Panel {
  return graph({
    title: 'What the gateway did',
    description:
      'Transactions as the card gateway itself counts them, per minute. Bad: other numbers than above: calls or webhooks are lost between us.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (kind, outcome) (rate(outside_card_transactions_total[$__rate_interval])) * 60',
        legend: '{{kind}} {{outcome}}',
      },
    ],
  });
}

export function creditPercentiles(width: number): Panel {
  const credited = (q: number) => quantile({ q, metric: 'payment_duration_seconds', window: '5m' });
  return graph({
    title: 'From asking to the books',
    description:
      'Payments that succeeded, over 5 minutes. p95 lies high, for some of the default traffic’s cards are slow on purpose. Bad: p25 over the dashed line, which is DepositsLate: most payments wait for the worker to ask.',
    unit: 's',
    width,
    limit: LATE_LIMIT,
    colours: { p25: GOOD, p50: WARNING, p95: BAD },
    queries: [
      { expr: credited(0.25), legend: 'p25' },
      { expr: credited(0.5), legend: 'p50' },
      { expr: credited(0.95), legend: 'p95', exemplars: true },
    ],
  });
}

export function paymentJobs(width: number): Panel {
  return graph({
    title: 'Payment jobs waiting and running',
    description:
      'p95 of the time that the worker’s jobs for payments wait, and run. Bad: waiting for seconds (too few workers), or running for seconds (a slow gateway).',
    unit: 's',
    width,
    queries: [
      {
        expr: quantile({
          q: 0.95,
          metric: 'job_wait_seconds',
          selector: 'queue="payments"',
          window: '5m',
        }),
        legend: 'waiting',
      },
      {
        expr: quantile({
          q: 0.95,
          metric: 'job_duration_seconds',
          selector: 'queue="payments"',
          window: '5m',
        }),
        legend: 'running',
        exemplars: true,
      },
    ],
  });
}

export function pendingTable(width: number): Panel {
  return sqlTable({
    title: 'Pending, by kind',
    description:
      'What waits to be settled at this moment. Bad: the oldest over a minute: neither a webhook nor the worker’s asking has helped.',
    width,
    units: { Amount: BERRIES, Oldest: 's' },
    sql: `SELECT kind AS "Kind", payments AS "Payments", amount / 100.0 AS "Amount", oldest_seconds AS "Oldest"
FROM reporting.pending_payments ORDER BY oldest_seconds DESC`,
    whenEmpty: 'Nothing is pending',
    emptyWhenHealthy: 'payments settle within a second; one by a slow card fills it',
  });
}

export function revenueBySource(width: number): Panel {
  return graph({
    title: 'What the house earns',
    description:
      'Berries an hour by source. Subscriptions come in lumps, when one is renewed. Bad: a source that ends.',
    unit: BERRIES,
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (source) (rate(revenue_total[$__rate_interval])) * 3600 / 100',
        legend: '{{source}}',
      },
    ],
  });
}

export function declinedCharges(width: number): Panel {
  return graph({
    title: 'Charges of the real-time plan',
    description:
      'In 30 minutes: those that were declined, and those that succeeded. Bad: more declined than succeeded, which is SubscriptionFailures: the gateway, not the customers.',
    unit: 'short',
    decimals: 0,
    width,
    colours: { declined: BAD, succeeded: GOOD },
    queries: [
      { expr: 'sum(increase(subscription_failures_total[30m]))', legend: 'declined' },
      {
        expr: 'sum(increase(payments_total{kind="subscription", status="succeeded"}[30m])) or vector(0)',
        legend: 'succeeded',
      },
    ],
  });
}

export function paidByDay(width: number): Panel {
  const of = (kind: string) =>
    `coalesce(sum(amount) FILTER (WHERE kind = '${kind}' AND status = 'succeeded'), 0) / 100.0`;
  return sqlBars({
    title: 'Paid by day, 30 days',
    description:
      'Berries that came in by deposits and subscriptions, and went out by withdrawals, by the day on which they were asked for. Bad: withdrawals far above deposits.',
    unit: BERRIES,
    width,
    colours: { Withdrawals: WARNING, Deposits: GOOD },
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", ${of('deposit')} AS "Deposits", ${of('subscription')} AS "Subscriptions",
  ${of('withdrawal')} AS "Withdrawals"
FROM reporting.days LEFT JOIN reporting.payments USING (day) GROUP BY day ORDER BY day`,
  });
}

export function failedByDay(width: number): Panel {
  return sqlTable({
    title: 'Why payments failed, 30 days',
    description:
      'By kind and reason. Bad: a reason on top that is not the customers’: the gateway’s, or ours.',
    width,
    units: { Amount: BERRIES },
    sql: `SELECT kind AS "Kind", reason AS "Reason", sum(payments) AS "Payments", sum(amount) / 100.0 AS "Amount"
FROM reporting.payments WHERE status = 'failed' GROUP BY kind, reason ORDER BY "Payments" DESC`,
    whenEmpty: 'No payment has failed',
    emptyWhenHealthy:
      'payments can all succeed; the default traffic pays with bad cards now and then',
  });
}
