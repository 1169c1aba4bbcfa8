import { GOOD, WARNING } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redAbove, redFrom, type Panel } from './panel.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** Prometheus, Alertmanager, Loki, Jaeger, the collector and Grafana: what they take in, lose, and cost. */

const PARTS = 'prometheus|alertmanager|loki|jaeger|collector|grafana|.*-exporter|cadvisor';

/** By the services themselves, and by the collector for good. Its counters have no `_total`; Jaeger's, which is an older one, have. */
const LOST_SPANS =
  '(sum(increase(telemetry_spans_dropped_total[5m])) or vector(0)) + (sum(increase(otelcol_exporter_send_failed_spans[5m])) or vector(0))';

export function targetsDown(width: number): Panel {
  return stat({
    title: 'Targets down',
    description:
      'Of which no metrics can be read. Bad: any; when it stays, it is an alert (PrometheusTargetMissing, ServiceDown).',
    unit: 'short',
    width,
    thresholds: redFrom(1),
    expr: 'count(up == 0) or vector(0)',
  });
}

export function failingRules(width: number): Panel {
  return stat({
    title: 'Rules failing',
    description:
      'Evaluations of rules, Prometheus’ and Loki’s, that failed in 5 minutes. Bad: any, which is where RuleEvaluationFailing fires if it goes on: an alert whose rule fails is silent, whatever happens.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('RuleEvaluationFailing')),
    expr: 'sum(increase(prometheus_rule_evaluation_failures_total[5m])) + sum(increase(loki_prometheus_rule_evaluation_failures_total[5m]))',
  });
}

export function failedNotifications(width: number): Panel {
  return stat({
    title: 'Notifications failed',
    description:
      'In 5 minutes, after their repetitions had failed too. Bad: any, which is where AlertmanagerNotificationsFailing fires if it goes on: somebody was not told of an alert.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('AlertmanagerNotificationsFailing')),
    expr: 'sum(increase(alertmanager_notifications_failed_total[5m]))',
  });
}

export function lost(width: number): Panel {
  return stat({
    title: 'Lost spans and lines',
    description:
      'Spans and log lines that were dropped in 5 minutes, by the services or by the collector. Bad: any: traces with holes look like bugs (SpansDropped, LogLinesDropped).',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('SpansDropped')),
    expr: `${LOST_SPANS} + (sum(increase(telemetry_log_lines_dropped_total[5m])) or vector(0))`,
  });
}

export function collectorQueue(width: number): Panel {
  return stat({
    title: 'Collector’s queue',
    description:
      'How full the fullest of its queues to Loki, Jaeger and Prometheus is. Bad: red, which is where CollectorQueueFilling fires.',
    unit: 'percentunit',
    decimals: 0,
    width,
    thresholds: redFrom(thresholdOf('CollectorQueueFilling')),
    expr: `max(${QUEUE})`,
  });
}

export function heartbeat(width: number): Panel {
  return stat({
    title: 'Heartbeat',
    description:
      'How long ago the world outside last heard that alerting works; each minute, if it does. Bad: over 3 minutes: nobody would be told of anything.',
    unit: 's',
    width,
    // 0 before the first.
    expr: 'time() - (max(outside_heartbeat_timestamp_seconds) > 0)',
  });
}

const QUEUE =
  'sum by (exporter) (otelcol_exporter_queue_size) / sum by (exporter) (otelcol_exporter_queue_capacity)';

export function parts(width: number): Panel {
  const PART = `container_service=~"${PARTS}", container_project=~"crows-nest.*"`;
  return table({
    title: 'What each part costs',
    description:
      'Of the machine, now; the part with the most memory first. Bad: a part that takes more than the services that it watches.',
    width,
    height: 10,
    rows: { container_service: 'Part' },
    sortBy: 'Memory',
    columns: [
      {
        title: 'CPU',
        expr: `sum by (container_service) (rate(container_cpu_usage_seconds_total{${PART}}[5m]))`,
        unit: 'percentunit',
        decimals: 1,
      },
      {
        title: 'Memory',
        expr: `sum by (container_service) (container_memory_rss{${PART}})`,
        unit: 'bytes',
      },
    ],
  });
}

export function intake(width: number): Panel {
  return graph({
    title: 'What comes in',
    description:
      'Metric samples, log lines and spans a second. Bad: one that falls to 0 (nothing is seen any more), or doubles without more traffic.',
    unit: 'short',
    width,
    queries: [
      {
        expr: 'sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))',
        legend: 'samples',
      },
      {
        expr: 'sum(rate(loki_distributor_lines_received_total[$__rate_interval]))',
        legend: 'lines',
      },
      { expr: 'sum(rate(otelcol_receiver_accepted_spans[$__rate_interval]))', legend: 'spans' },
    ],
  });
}

export function kept(width: number): Panel {
  return graph({
    title: 'Kept a day, at this pace',
    description:
      'Bytes a day: metrics at 1.5 bytes a sample, as Prometheus compresses them, log lines as they come. Bad: more than the disk has for as many days as are kept (.env: METRICS_RETENTION, LOGS_RETENTION).',
    unit: 'bytes',
    width,
    queries: [
      {
        expr: 'sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval])) * 1.5 * 86400',
        legend: 'metrics',
      },
      {
        expr: 'sum(rate(loki_distributor_bytes_received_total[$__rate_interval])) * 86400',
        legend: 'logs, before compression',
      },
    ],
  });
}

export function queues(width: number): Panel {
  return graph({
    title: 'Queues of the collector',
    description:
      'How full each is. It fills while Loki or Jaeger is away, and empties afterwards. Bad: a line at the dashed one, where CollectorQueueFilling fires.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('CollectorQueueFilling'),
    queries: [{ expr: QUEUE, legend: '{{exporter}}' }],
  });
}

export function collectorFlow(width: number): Panel {
  return graph({
    title: 'Through the collector',
    description:
      'Lines and spans a second that it took in, and that Loki and Jaeger took from it. Bad: a pair that drifts apart: they pile up in its queue.',
    unit: 'short',
    width,
    queries: [
      {
        expr: 'sum(rate(otelcol_receiver_accepted_log_records[$__rate_interval]))',
        legend: 'lines in',
      },
      {
        expr: 'sum(rate(otelcol_exporter_sent_log_records[$__rate_interval]))',
        legend: 'lines out',
      },
      { expr: 'sum(rate(otelcol_receiver_accepted_spans[$__rate_interval]))', legend: 'spans in' },
      {
        expr: 'sum(rate(otelcol_exporter_sent_spans{exporter=~".*jaeger"}[$__rate_interval]))',
        legend: 'spans out',
      },
    ],
  });
}

export function drops(width: number): Panel {
  return graph({
    title: 'Dropped',
    description:
      'Spans and lines that a service could not get rid of, and lines that Loki refused, in 5 minutes. Bad: any, which is SpansDropped, LogLinesDropped and LokiIngestErrors.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [
      {
        expr: 'sum by (service) (increase(telemetry_spans_dropped_total[5m]))',
        legend: 'spans of {{service}}',
      },
      {
        expr: 'sum by (service, target) (increase(telemetry_log_lines_dropped_total[5m]))',
        legend: 'lines of {{service}} to {{target}}',
      },
      {
        // Those over a rate limit are sent again.
        expr: 'sum(increase(loki_discarded_samples_total{reason!~".*rate_limit.*"}[5m])) or vector(0)',
        legend: 'lines refused by Loki',
      },
    ],
  });
}

export function series(width: number): Panel {
  return graph({
    title: 'Series',
    description:
      'That Prometheus has in memory. Bad: a line that rises without an end: somebody puts ids into labels.',
    unit: 'short',
    width,
    queries: [{ expr: 'max(prometheus_tsdb_head_series)', legend: 'series' }],
  });
}

export function cardinality(width: number): Panel {
  return graph({
    title: 'Series by process of ours',
    description:
      'Each has a budget. Bad: a line at the dashed one, where CardinalityBudgetExceeded fires.',
    unit: 'short',
    width,
    limit: thresholdOf('CardinalityBudgetExceeded'),
    queries: [
      {
        expr: 'max by (service, instance) (scrape_samples_post_metric_relabeling and on (job, instance) nodejs_version_info)',
        legend: '{{service}} {{instance}}',
      },
    ],
  });
}

export function scrapes(width: number): Panel {
  return graph({
    title: 'Time of scrapes',
    description:
      'How long each service takes to tell its metrics. Bad: near 5 s (10 s for cAdvisor), which is when Prometheus gives up.',
    unit: 's',
    width,
    queries: [{ expr: 'max by (service) (scrape_duration_seconds)', legend: '{{service}}' }],
  });
}

export function ruleTimes(width: number): Panel {
  return graph({
    title: 'Time of rules',
    description:
      'How long all groups of rules together, and the slowest of them, take to evaluate. Bad: the slowest near 10 s, which is when it is due again.',
    unit: 's',
    width,
    queries: [
      { expr: 'sum(prometheus_rule_group_last_duration_seconds)', legend: 'all together' },
      { expr: 'max(prometheus_rule_group_last_duration_seconds)', legend: 'the slowest' },
    ],
  });
}

export function notifications(width: number): Panel {
  return graph({
    title: 'Notifications',
    description:
      'Sent per minute, by channel. Bad: none while alerts fire, or many: nobody reads what comes all the time.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (integration) (rate(alertmanager_notifications_total[$__rate_interval]) * 60) > 0',
        legend: '{{integration}}',
      },
    ],
    whenEmpty: 'Nobody was told of anything',
    emptyWhenHealthy: 'while nothing fires the heartbeat alone is sent, once a minute',
  });
}

export function notificationLatency(width: number): Panel {
  return graph({
    title: 'Time of notifications',
    description:
      'The mean time that sending takes, by channel, over 5 minutes. Bad: seconds: the receiver is slow, and word of an alert is late.',
    unit: 's',
    width,
    queries: [
      {
        expr: 'sum by (integration) (rate(alertmanager_notification_latency_seconds_sum[5m])) / (sum by (integration) (rate(alertmanager_notification_latency_seconds_count[5m])) > 0)',
        legend: '{{integration}}',
      },
    ],
  });
}

export function alertsHeld(width: number): Panel {
  return graph({
    title: 'Alerts at Alertmanager',
    description:
      'Active, and held back by a silence or an inhibition. Bad: many held back for long: a silence that somebody forgot.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    colours: { active: WARNING, suppressed: GOOD },
    queries: [{ expr: 'sum by (state) (alertmanager_alerts)', legend: '{{state}}' }],
  });
}

export function lokiRequests(width: number): Panel {
  return graph({
    title: 'Loki: time of requests',
    description:
      'p95 by what was asked, over 5 minutes. Bad: pushes over a second (the disk), or questions over 10 s (too long a time, or no label to narrow them).',
    unit: 's',
    width,
    queries: [
      {
        expr: 'histogram_quantile(0.95, sum by (route, le) (rate(loki_request_duration_seconds_bucket{route=~"otlp_v1_logs|loki_api_v1_push|loki_api_v1_query_range|loki_api_v1_query"}[5m])))',
        legend: '{{route}}',
      },
    ],
  });
}

export function prometheusRequests(width: number): Panel {
  return graph({
    title: 'Prometheus: time of questions',
    description:
      'p95 by what was asked, over 5 minutes. Bad: over a second: a dashboard asks for too many series, or too long a time without a recording rule.',
    unit: 's',
    width,
    queries: [
      {
        expr: 'histogram_quantile(0.95, sum by (handler, le) (rate(prometheus_http_request_duration_seconds_bucket{handler=~"/api/v1/(query|query_range|write|otlp.*)"}[5m])))',
        legend: '{{handler}}',
      },
    ],
    whenEmpty: 'Nobody asks',
    emptyWhenHealthy: 'nothing is asked while no dashboard is open; this one fills it',
  });
}

export function jaegerStore(width: number): Panel {
  return graph({
    title: 'Jaeger: spans taken in',
    description:
      'Taken and refused, a second. Bad: refused at all, or none taken while requests are traced.',
    unit: 'short',
    width,
    colours: { refused: 'red' },
    queries: [
      {
        expr: 'sum(rate(otelcol_receiver_accepted_spans_total{service="jaeger"}[$__rate_interval]))',
        legend: 'taken',
      },
      {
        expr: 'sum(rate(otelcol_receiver_refused_spans_total{service="jaeger"}[$__rate_interval])) + sum(rate(otelcol_receiver_failed_spans_total{service="jaeger"}[$__rate_interval]))',
        legend: 'refused',
      },
    ],
  });
}
