import { toDetails, toServiceDetails } from '../links.ts';
import { thresholdOf } from '../rules.ts';
import { PEOPLES_ROUTES } from '../variables.ts';
import { graph } from './graph.ts';
import { redFrom, type Panel } from './panel.ts';
import { stat } from './stat.ts';

/** Traffic, errors, latency, saturation of every service, from recording rules: cheap over any range. */

export function apiErrors(width: number): Panel {
  return stat({
    title: 'API errors',
    description:
      'Share of API requests of the last 5 minutes that were answered with 5xx. Bad: red, which is where HighErrorRate fires.',
    unit: 'percentunit',
    decimals: 2,
    width,
    links: [toServiceDetails],
    thresholds: redFrom(thresholdOf('HighErrorRate')),
    expr: 'service:http_requests_errors:ratio_rate5m{service="api"}',
  });
}

export function apiP95(width: number): Panel {
  return stat({
    title: 'API p95',
    description:
      'Nineteen of twenty API requests of the last 5 minutes were faster than this. Bad: red, which is where SlowResponseTime fires.',
    unit: 's',
    width,
    links: [toServiceDetails],
    thresholds: redFrom(thresholdOf('SlowResponseTime')),
    expr: 'service:http_request_duration_seconds:p95_rate5m{service="api"}',
  });
}

export function traffic(width: number): Panel {
  return graph({
    title: 'Traffic',
    description: 'Requests per second by service. Bad: a sudden fall, or a rise nobody announced.',
    unit: 'reqps',
    width,
    links: [toServiceDetails],
    queries: [{ expr: 'service:http_requests:rate5m', legend: '{{service}}' }],
  });
}

export function errors(width: number): Panel {
  return graph({
    title: 'Errors',
    description:
      'Share of requests answered with 5xx, by service. Bad: a line at the dashed one, where HighErrorRate fires.',
    unit: 'percentunit',
    width,
    links: [toServiceDetails],
    limit: thresholdOf('HighErrorRate'),
    queries: [{ expr: 'service:http_requests_errors:ratio_rate5m', legend: '{{service}}' }],
  });
}

export function latency(width: number): Panel {
  return graph({
    title: 'Latency',
    description:
      'p95 by service. Each diamond is one request: click it for its trace. Bad: a line at the dashed one, where SlowResponseTime fires.',
    unit: 's',
    width,
    links: [toServiceDetails],
    limit: thresholdOf('SlowResponseTime'),
    queries: [
      {
        // From the buckets, not from the recording rule: exemplars hang on the buckets' own series.
        expr: `histogram_quantile(0.95, sum by (service, le) (rate(http_request_duration_seconds_bucket{${PEOPLES_ROUTES}}[$__rate_interval])))`,
        legend: '{{service}}',
        exemplars: true,
      },
    ],
  });
}

export function saturation(width: number): Panel {
  return graph({
    title: 'Saturation of connection pools',
    description:
      'Share of a process’s database connections that are in use. Bad: a line at the dashed one, where DatabasePoolExhaustion fires: requests queue for a connection.',
    unit: 'percentunit',
    width,
    links: [toDetails('database', { service: '${__field.labels.service}' })],
    max: 1,
    limit: thresholdOf('DatabasePoolExhaustion'),
    queries: [
      {
        expr: 'service_instance:db_pool_active_connections:ratio',
        legend: '{{service}} {{instance}}',
      },
    ],
  });
}
