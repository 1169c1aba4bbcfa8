import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redAbove, type Panel } from './panel.ts';
import { percentileGraph, quantile } from './percentiles.ts';
import { ratio, ratioStat } from './ratio.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';
import { serviceMap, traceList } from './traces.ts';

/** What the collector counts of the spans that go through it: of all of them, also where only some are kept. */
const CALLS = 'traces_span_metrics_calls_total';
const DURATION = 'traces_span_metrics_duration_milliseconds';

const CHOSEN = 'service_name="$service"';
const FAILED = `${CHOSEN}, status_code="STATUS_CODE_ERROR"`;

export function spanRate(width: number): Panel {
  return stat({
    title: 'Spans',
    description:
      'Spans that the service makes per second. Bad: 0 while it has requests: its traces are lost.',
    unit: 'ops',
    decimals: 1,
    width,
    expr: `sum(rate(${CALLS}{${CHOSEN}}[5m]))`,
  });
}

export function failedSpans(width: number): Panel {
  return ratioStat({
    title: 'Spans with an error',
    description:
      'Share of the spans of the last 5 minutes that recorded an error. Bad: any that stays; the table below says which operation.',
    width,
    part: `sum(rate(${CALLS}{${FAILED}}[5m]))`,
    whole: `sum(rate(${CALLS}{${CHOSEN}}[5m]))`,
  });
}

export function serverP95(width: number): Panel {
  return stat({
    title: 'Requests and own work, p95',
    description:
      'Nineteen of twenty spans that are not calls to others took less than this, in the last 5 minutes. Bad: many times the usual.',
    unit: 'ms',
    width,
    expr: quantile({
      q: 0.95,
      metric: DURATION,
      selector: `${CHOSEN}, span_kind!="SPAN_KIND_CLIENT"`,
      window: '5m',
    }),
  });
}

export function lostSpans(width: number): Panel {
  return stat({
    title: 'Spans lost',
    description:
      'Spans of all services that never reached the collector, in the last 5 minutes. Bad: red, which is any, and where SpansDropped fires: traces have holes.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('SpansDropped')),
    expr: 'sum(increase(telemetry_spans_dropped_total[5m]))',
  });
}

export function map(width: number): Panel {
  return serviceMap({
    title: 'Who calls whom',
    description:
      'Services and the calls between them, counted from traces. Bad: an arrow that should not be there, or one that is missing.',
    width,
    height: 12,
  });
}

export function timeByOperation(width: number): Panel {
  return graph({
    title: 'Time by operation',
    description:
      'Seconds that the ten most expensive operations take, per second; that of what they call is within it. Bad: one that grows while the traffic does not.',
    unit: 's',
    width,
    height: 12,
    legendTable: true,
    queries: [
      {
        expr: `sum by (span_name) (rate(${DURATION}_sum{${CHOSEN}}[$__rate_interval])) / 1000 and ${mostTime(CHOSEN)}`,
        legend: '{{span_name}}',
      },
    ],
  });
}

export function operationsTable(width: number): Panel {
  const by = 'span_name, span_kind';
  const calls = `sum by (${by}) (rate(${CALLS}{${CHOSEN}}[5m]))`;
  return table({
    title: 'Operations',
    description:
      'Each operation of the service over the last 5 minutes, the slowest first. Bad: a p95 or a share of errors far above what it was.',
    width,
    height: 10,
    rows: { span_name: 'Operation', span_kind: 'Kind' },
    sortBy: 'p95',
    columns: [
      { title: 'Calls/s', expr: calls, unit: 'short', decimals: 2 },
      {
        title: 'Errors',
        expr: ratio({ part: `sum by (${by}) (rate(${CALLS}{${FAILED}}[5m]))`, whole: calls }),
        unit: 'percentunit',
        decimals: 2,
      },
      ...[0.5, 0.95, 0.99].map((q) => ({
        title: `p${q * 100}`,
        expr: `${quantile({ q, metric: DURATION, selector: CHOSEN, by: ['span_name', 'span_kind'], window: '5m' })} >= 0`,
        unit: 'ms',
      })),
    ],
  });
}

export function durations(width: number): Panel {
  return percentileGraph({
    title: 'Duration of what is asked of it',
    description:
      'Of the spans that are not calls to others. Bad: p99 leaving the others (some wait for something), or all three rising.',
    unit: 'ms',
    width,
    metric: DURATION,
    selector: `${CHOSEN}, span_kind!="SPAN_KIND_CLIENT"`,
  });
}

export function callsOut(width: number): Panel {
  const calls = `${CHOSEN}, span_kind="SPAN_KIND_CLIENT"`;
  return graph({
    title: 'Calls to others: p95',
    description:
      'What the service waits for: SQL, Redis, other services; the ten that take most time. Bad: one line leaving the others: that is where the time goes.',
    unit: 'ms',
    width,
    legendTable: true,
    queries: [
      {
        expr: `${quantile({ q: 0.95, metric: DURATION, selector: calls, by: ['span_name'] })} and ${mostTime(calls)}`,
        legend: '{{span_name}}',
      },
    ],
  });
}

export function errorsByOperation(width: number): Panel {
  return graph({
    title: 'Spans with an error, by operation',
    description: 'Per minute. Bad: any line; the traces below say why.',
    unit: 'opm',
    width,
    whenEmpty: 'No span has an error',
    emptyWhenHealthy: 'no operation fails; drill errors fills it',
    queries: [
      {
        expr: `60 * sum by (span_name) (rate(${CALLS}{${FAILED}}[$__rate_interval]))`,
        legend: '{{span_name}}',
      },
    ],
  });
}

export function newestTraces(width: number): Panel {
  return traceList({
    title: 'Newest traces',
    description:
      'Traces that the service is part of; a click opens one. Bad: none while it has requests.',
    width,
    search: { service: '${service}' },
  });
}

export function failedTraces(width: number): Panel {
  return traceList({
    title: 'Newest traces with an error',
    description: 'A click opens one: the red span says what failed. Bad: any.',
    width,
    whenEmpty: 'No trace has an error',
    emptyWhenHealthy: 'no operation fails; drill errors fills it',
    search: { service: '${service}', tags: 'error=true' },
  });
}

export function slowTraces(width: number): Panel {
  const slow = thresholdOf('SlowResponseTime');
  return traceList({
    title: 'Newest slow traces',
    description: `Traces of the service with a span over ${slow} s, the limit of SlowResponseTime. A click opens one: the longest bar without one below it is where the time went. Bad: several a minute.`,
    width,
    whenEmpty: 'No trace is slow',
    emptyWhenHealthy: 'requests take milliseconds; drill slow-answers fills it',
    search: { service: '${service}', minDuration: `${slow}s` },
  });
}

/** The ten operations that took most time in the range looked at: the same ten all along it. */
function mostTime(selector: string): string {
  return `topk(10, sum by (span_name) (increase(${DURATION}_sum{${selector}}[$__range] @ end())))`;
}
