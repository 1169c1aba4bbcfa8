import { statusColours } from '../colours.ts';
import { toLogs, toRoute, toRouteInCell, toTraces } from '../links.ts';
import { thresholdOf } from '../rules.ts';
import { PEOPLES_ROUTES } from '../variables.ts';
import { graph } from './graph.ts';
import { heatmap } from './heatmap.ts';
import { redFrom, type Panel } from './panel.ts';
import { percentileGraph, quantile } from './percentiles.ts';
import { ratio } from './ratio.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** Rate, errors, duration of the chosen service, instance and route: https://grafana.com/blog/2018/08/02/the-red-method/ */
const CHOSEN = `service="$service", instance=~"$instance", route=~"$route", ${PEOPLES_ROUTES}`;

const ERROR_LIMIT = thresholdOf('HighErrorRate');
const SLOW = thresholdOf('SlowResponseTime');

export function requestRate(width: number): Panel {
  return stat({
    title: 'Requests',
    description:
      'Requests per second over the last 5 minutes. Bad: near 0 while customers are awake, or many times the usual.',
    unit: 'reqps',
    width,
    expr: rate('http_requests_total', '', '5m'),
  });
}

export function errorRatio(width: number): Panel {
  return stat({
    title: 'Errors',
    description:
      'Share of the requests of the last 5 minutes that were answered with 5xx. Bad: red, which is where HighErrorRate fires.',
    unit: 'percentunit',
    decimals: 2,
    width,
    thresholds: redFrom(ERROR_LIMIT),
    expr: errorsByRequests('', '5m'),
  });
}

export function p95(width: number): Panel {
  return stat({
    title: 'p95',
    description:
      'Nineteen of twenty requests of the last 5 minutes were faster than this. Bad: red, which is where SlowResponseTime fires.',
    unit: 's',
    width,
    thresholds: redFrom(SLOW),
    expr: durationQuantile(0.95, [], '5m'),
  });
}

export function inFlight(width: number): Panel {
  return stat({
    title: 'In flight',
    description:
      'Requests being worked on at this moment. Bad: rising and not coming down; requests arrive faster than they are answered.',
    unit: 'short',
    width,
    expr: 'sum(http_requests_in_flight{service="$service", instance=~"$instance"})',
  });
}

export function routesTable(width: number): Panel {
  // A route that nobody asked for has none: NaN would stand among the slowest.
  const ofRoute = (q: number) => `${durationQuantile(q, ['route', 'method'], '5m')} >= 0`;
  return table({
    title: 'Routes',
    description:
      'Each route over the last 5 minutes, the slowest first. Bad: a red cell; its limit is where HighErrorRate or SlowResponseTime fires for the service as a whole. Click a route to see it alone.',
    width,
    height: 9,
    rows: { route: 'Route', method: 'Method' },
    rowLinks: { Route: [toRouteInCell] },
    sortBy: 'p95',
    columns: [
      {
        title: 'Requests/s',
        expr: rate('http_requests_total', 'route, method', '5m'),
        unit: 'short',
        decimals: 2,
      },
      {
        title: 'Errors',
        expr: errorsByRequests('route, method', '5m'),
        unit: 'percentunit',
        decimals: 2,
        limit: ERROR_LIMIT,
      },
      {
        title: 'p50',
        expr: ofRoute(0.5),
        unit: 's',
        limit: SLOW,
      },
      {
        title: 'p95',
        expr: ofRoute(0.95),
        unit: 's',
        limit: SLOW,
      },
      { title: 'p99', expr: ofRoute(0.99), unit: 's' },
    ],
  });
}

export function rateByRoute(width: number): Panel {
  return graph({
    title: 'Requests by route',
    description:
      'Bad: a route that stops, or one that grows many times over while the others do not.',
    unit: 'reqps',
    width,
    links: [toRoute],
    stacked: true,
    queries: [{ expr: rate('http_requests_total', 'route'), legend: '{{route}}' }],
  });
}

export function rateByStatus(width: number): Panel {
  return graph({
    title: 'Requests by status',
    description:
      'Bad: any red (5xx: our fault), or more orange than usual (4xx: what callers got wrong, or a client that changed).',
    unit: 'reqps',
    width,
    links: [toLogs, toTraces],
    stacked: true,
    colours: statusColours,
    queries: [{ expr: rate('http_requests_total', 'status_code'), legend: '{{status_code}}' }],
  });
}

export function errorsByRoute(width: number): Panel {
  return graph({
    title: 'Share of errors by route',
    description:
      'Share of a route’s requests that were answered with 5xx. Bad: anything off the floor; the dashed line is where HighErrorRate fires for the service as a whole.',
    unit: 'percentunit',
    width,
    links: [toRoute, toLogs, toTraces],
    limit: ERROR_LIMIT,
    queries: [{ expr: errorsByRequests('route'), legend: '{{route}}' }],
  });
}

export function errorTypes(width: number): Panel {
  return graph({
    title: 'Errors by type',
    description:
      'Failed requests per second by the error’s name; `client` is what callers got wrong (4xx), `aborted` who left before the answer. Bad: any other name; search the logs for it.',
    unit: 'reqps',
    width,
    links: [toLogs, toTraces],
    whenEmpty: 'No request has failed',
    emptyWhenHealthy:
      'a service whose requests all succeed has no such series; a request that it refuses fills it',
    queries: [{ expr: rate('http_requests_errors_total', 'type'), legend: '{{type}}' }],
  });
}

export function percentiles(width: number): Panel {
  return percentileGraph({
    title: 'Duration',
    description:
      'Half, 95 % and 99 % of the requests are faster than the lines. Each diamond is one request: click it for its trace. Bad: p95 at the dashed line, where SlowResponseTime fires.',
    unit: 's',
    width,
    links: [toLogs, toTraces],
    limit: SLOW,
    metric: 'http_request_duration_seconds',
    selector: CHOSEN,
  });
}

export function durationByRoute(width: number): Panel {
  return graph({
    title: 'p95 by route',
    description:
      'Bad: one line leaving the others (that route), or all lines together (what they share: database, pool, CPU). Dashed: SlowResponseTime.',
    unit: 's',
    width,
    links: [toRoute, toLogs, toTraces],
    limit: SLOW,
    queries: [{ expr: durationQuantile(0.95, ['route']), legend: '{{route}}', exemplars: true }],
  });
}

export function durationHeatmap(width: number): Panel {
  return heatmap({
    title: 'How durations are spread',
    description:
      'Darker: more requests took this long. Bad: a second band above the usual one; some requests wait for something that others do not.',
    unit: 's',
    width,
    links: [toTraces],
    expr: `sum by (le) (increase(http_request_duration_seconds_bucket{${CHOSEN}}[$__rate_interval]))`,
  });
}

export function inFlightByInstance(width: number): Panel {
  return graph({
    title: 'In flight by instance',
    description:
      'Requests being worked on at the moment of the scrape. Bad: one instance far above the others (it hangs), or all rising.',
    unit: 'short',
    width,
    queries: [
      {
        expr: 'sum by (service, instance) (http_requests_in_flight{service="$service", instance=~"$instance"})',
        legend: '{{service}} {{instance}}',
      },
    ],
  });
}

export function responseSizes(width: number): Panel {
  return graph({
    title: 'Response sizes by route',
    description:
      'The mean size of an answer. Bad: a route that grows day by day; it returns a list that nothing bounds.',
    unit: 'bytes',
    width,
    links: [toRoute],
    queries: [
      {
        expr: `${rate('http_response_size_bytes_sum', 'route')} / (${rate('http_response_size_bytes_count', 'route')} > 0)`,
        legend: '{{route}}',
      },
    ],
  });
}

function rate(metric: string, by: string, window = '$__rate_interval', also = ''): string {
  return `sum by (${by}) (rate(${metric}{${CHOSEN}${also}}[${window}]))`;
}

function errorsByRequests(by: string, window?: string): string {
  const all = rate('http_requests_total', by, window);
  const failed = rate('http_requests_total', by, window, ', status_code=~"5.."');
  return ratio({ part: failed, whole: all });
}

/** From the buckets, not from a recording rule: exemplars hang on the buckets' own series. */
function durationQuantile(q: number, by: string[] = [], window?: string): string {
  return quantile({
    q,
    metric: 'http_request_duration_seconds',
    selector: CHOSEN,
    by,
    window,
  });
}
