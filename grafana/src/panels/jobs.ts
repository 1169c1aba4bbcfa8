import { toDetails } from '../links.ts';
import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redFrom, type Panel } from './panel.ts';
import { quantile } from './percentiles.ts';
import { ratioGraph, ratioStat } from './ratio.ts';
import { stat } from './stat.ts';

const CHOSEN = 'queue=~"$queue"';

export function waitingJobs(width: number): Panel {
  return stat({
    title: 'Jobs waiting',
    description:
      'Jobs that nobody has taken yet, in the fullest queue. Bad: red, which is where JobQueueBacklog fires: more comes in than is worked off.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redFrom(thresholdOf('JobQueueBacklog')),
    // Every worker sees the same queues.
    expr: `max(job_queue_depth{${CHOSEN}, state="waiting"})`,
  });
}

export function outboxLag(width: number): Panel {
  return stat({
    title: 'Outbox lag',
    description:
      'Age of the oldest message that no queue has yet. Bad: red, which is where OutboxLagging fires: nobody relays, or Redis is away.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('OutboxLagging')),
    expr: 'max(outbox_lag_seconds)',
  });
}

export function failedJobs(width: number): Panel {
  return ratioStat({
    title: 'Jobs failed',
    description:
      'Share of the jobs of the last 5 minutes that failed, tries that are repeated included. Bad: red, which is where JobFailuresHigh fires for one kind of job.',
    width,
    thresholds: redFrom(thresholdOf('JobFailuresHigh')),
    part: failures('', '5m'),
    whole: processed('', '5m'),
  });
}

export function depth(width: number): Panel {
  return graph({
    title: 'Waiting by queue',
    description:
      'Jobs that nobody has taken yet. Bad: at the dashed line, where JobQueueBacklog fires, or a line that only climbs.',
    unit: 'short',
    decimals: 0,
    width,
    limit: thresholdOf('JobQueueBacklog'),
    queries: [
      {
        expr: `max by (queue) (job_queue_depth{${CHOSEN}, state="waiting"})`,
        legend: '{{queue}}',
      },
    ],
  });
}

export function states(width: number): Panel {
  return graph({
    title: 'Active, delayed and failed',
    description:
      'Jobs being worked on, those that wait to be tried again, and those given up. Bad: `delayed` above a few (something that jobs call is away), or any new `failed`: they are lost unless somebody looks.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [
      {
        expr: `max by (queue, state) (job_queue_depth{${CHOSEN}, state!="waiting"})`,
        legend: '{{queue}} {{state}}',
      },
    ],
  });
}

export function outboxLagOverTime(width: number): Panel {
  return graph({
    title: 'Outbox lag over time',
    description:
      'Age of the oldest message that no queue has yet. Bad: at the dashed line, where OutboxLagging fires.',
    unit: 's',
    width,
    limit: thresholdOf('OutboxLagging'),
    queries: [{ expr: 'max(outbox_lag_seconds)', legend: 'oldest message' }],
  });
}

export function jobRate(width: number): Panel {
  return graph({
    title: 'Jobs by name',
    description:
      'Jobs worked off per minute. Bad: a line that falls to 0 while what makes such jobs goes on.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [{ expr: `60 * ${processed('name')}`, legend: '{{name}}' }],
  });
}

export function failuresByName(width: number): Panel {
  return ratioGraph({
    title: 'Share of failures by name',
    description:
      'Failed tries among all, of the last 5 minutes. Bad: at the dashed line, where JobFailuresHigh fires; the log says what failed.',
    width,
    links: [toDetails('logs', { service: 'worker', level: 'error' })],
    limit: thresholdOf('JobFailuresHigh'),
    part: failures('name', '5m'),
    whole: processed('name', '5m'),
    legend: '{{name}}',
  });
}

export function waits(width: number): Panel {
  return graph({
    title: 'Wait until the first try: p95',
    description:
      'Time from what a job is about to its first try. Bad: over 5 s: too few workers, or Redis was away.',
    unit: 's',
    width,
    queries: [{ expr: percentile('job_wait_seconds'), legend: '{{name}}' }],
  });
}

export function durations(width: number): Panel {
  return graph({
    title: 'Duration: p95',
    description: 'Time that a job runs. Bad: over 5 s: what it calls is slow.',
    unit: 's',
    width,
    queries: [{ expr: percentile('job_duration_seconds'), legend: '{{name}}' }],
  });
}

export function tasks(width: number): Panel {
  return graph({
    title: 'Tasks of the worker: mean duration',
    description:
      'What the worker does at fixed intervals. Bad: one near its interval, or far above its usual.',
    unit: 's',
    width,
    legendTable: true,
    queries: [
      {
        expr: 'sum by (operation) (rate(operation_duration_seconds_sum{operation=~"task\\\\..+", service="worker"}[5m])) / (sum by (operation) (rate(operation_duration_seconds_count{operation=~"task\\\\..+", service="worker"}[5m])) > 0)',
        legend: '{{operation}}',
      },
    ],
  });
}

function processed(by: string, window = '$__rate_interval', also = ''): string {
  return `sum by (${by}) (rate(jobs_processed_total{${CHOSEN}${also}}[${window}]))`;
}

function failures(by: string, window?: string): string {
  return processed(by, window, ', outcome="failed"');
}

/** Over 5 min, because of some kinds there are only a few. */
function percentile(metric: string): string {
  return quantile({ q: 0.95, metric, selector: CHOSEN, by: ['name'], window: '5m' });
}
