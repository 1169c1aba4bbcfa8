import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import type { Panel } from './panel.ts';
import { percentileGraph } from './percentiles.ts';
import { stat } from './stat.ts';

export function webhookRate(width: number): Panel {
  return stat({
    title: 'Webhooks',
    description:
      'Webhooks of the card gateway per minute. Bad: 0 while customers pay: they get lost, and credits wait until the worker asks.',
    unit: 'opm',
    decimals: 1,
    width,
    expr: '60 * sum(rate(payment_webhooks_total[5m]))',
  });
}

export function webhooksByOutcome(width: number): Panel {
  return graph({
    title: 'Webhooks by outcome',
    description:
      'What became of the gateway’s webhooks, per minute. Bad: `mismatch` or `unknown` at all (it tells of payments that are not ours), `forged` or `stale` (wrong secret, wrong clock, or an attack).',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: '60 * sum by (outcome) (rate(payment_webhooks_total[$__rate_interval]))',
        legend: '{{outcome}}',
      },
    ],
  });
}

export function webhooksSent(width: number): Panel {
  return graph({
    title: 'Sent and received',
    description:
      'Webhooks that the gateway sends and that the API takes, per minute. Bad: far fewer received than sent: they are lost on the way.',
    unit: 'opm',
    width,
    queries: [
      { expr: '60 * sum(rate(outside_webhooks_total[5m]))', legend: 'sent' },
      { expr: '60 * sum(rate(payment_webhooks_total[5m]))', legend: 'received' },
    ],
  });
}

export function timeToCredit(width: number): Panel {
  return percentileGraph({
    title: 'Deposits: time to credit',
    description:
      'From asking for a deposit to its credit. Bad: half of them at the dashed line, where DepositsLate fires: webhooks do not come.',
    unit: 's',
    width,
    limit: thresholdOf('DepositsLate'),
    metric: 'payment_duration_seconds',
    selector: 'kind="deposit"',
    window: '5m',
  });
}
