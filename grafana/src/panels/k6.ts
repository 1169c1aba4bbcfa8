import { readFileSync } from 'node:fs';
import { percentileColours } from '../colours.ts';
import { fromLabel, several } from '../variables.ts';
import { graph } from './graph.ts';
import { redBelow, redFrom, type Panel } from './panel.ts';
import { ratio } from './ratio.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** A load test (`make load`): what k6 saw, and the same minutes as the server saw them. */

/** A run, by when it began. */
export const run = several(fromLabel('testid', 'Run', 'k6_vus'));

const RUN = 'testid=~"$testid"';
const NO_RUN = 'there is nothing to see while no load test runs; `make load` fills it';

/**
 * The limits that the load test itself is judged by: read from it, so that a panel and k6 never disagree.
 * @throws where loadtest/loadtest.js has no such threshold
 */
function thresholdIn(metric: string): number {
  const script = readFileSync(new URL('../../../loadtest/loadtest.js', import.meta.url), 'utf8');
  const found = script
    .split('\n')
    .map((line) => /^\s*'?([\w{}:]+)'?: \['[\w().]+[<>]([\d.]+)'\]/.exec(line))
    .find((match) => match?.[1] === metric);
  if (!found) throw new Error(`loadtest/loadtest.js has no threshold for ${metric}`);
  return Number(found[2]);
}

const FAILED = thresholdIn('http_req_failed');
const CHECKS = thresholdIn('checks');
/** In seconds; k6's own unit are milliseconds. */
const READ = thresholdIn('http_req_duration{kind:read}') / 1000;
const TRADE = thresholdIn('http_req_duration{kind:trade}') / 1000;

const requests = (selector = '') =>
  `sum(rate(k6_http_reqs_total{${RUN}${selector}}[$__rate_interval]))`;

/** k6 sends native histograms: no buckets to name, and any quantile is exact to a few per cent. */
const quantile = (q: number, kind: string) =>
  `histogram_quantile(${q}, sum(rate(k6_http_req_duration_seconds{${RUN}, kind=~"${kind}"}[$__rate_interval])))`;

export function users(width: number): Panel {
  return empty(stat, {
    title: 'Virtual users',
    description:
      'At once. Bad: fewer than were asked for: the machine that k6 runs on has no more room.',
    unit: 'short',
    decimals: 0,
    width,
    expr: `sum(k6_vus{${RUN}})`,
  });
}

export function rate(width: number): Panel {
  return empty(stat, {
    title: 'Requests',
    description:
      'That k6 had answered a second. Bad: falling while virtual users stay: they wait for their answers.',
    unit: 'reqps',
    width,
    expr: requests(),
  });
}

export function failed(width: number): Panel {
  return empty(stat, {
    title: 'Failed',
    description:
      'Share of the requests that were not answered as they should be. Bad: red, which is where the test fails.',
    unit: 'percentunit',
    decimals: 2,
    width,
    thresholds: redFrom(FAILED),
    expr: ratio({ part: requests(', expected_response="false"'), whole: requests() }),
  });
}

export function checks(width: number): Panel {
  return empty(stat, {
    title: 'Checks passed',
    description:
      'Of the worst of the checks: what came back was right. Bad: red, which is where the test fails.',
    unit: 'percentunit',
    decimals: 2,
    width,
    thresholds: redBelow(CHECKS),
    expr: `min(k6_checks_rate{${RUN}})`,
  });
}

export function readP99(width: number): Panel {
  return empty(stat, {
    title: 'Reads: p99',
    description: '99 of 100 reads were answered so soon. Bad: red, which is where the test fails.',
    unit: 's',
    width,
    thresholds: redFrom(READ),
    expr: quantile(0.99, 'read'),
  });
}

export function tradeP995(width: number): Panel {
  return empty(stat, {
    title: 'Trades: p99.5',
    description:
      '199 of 200 trades were answered so soon. Bad: red, which is where the test fails.',
    unit: 's',
    width,
    thresholds: redFrom(TRADE),
    expr: quantile(0.995, 'trade'),
  });
}

export function load(width: number): Panel {
  return empty(graph, {
    title: 'Load',
    description:
      'Virtual users, and how often a second one of them went through the whole script. Bad: the second falling while the first stays.',
    unit: 'short',
    width,
    queries: [
      { expr: `sum(k6_vus{${RUN}})`, legend: 'virtual users' },
      {
        expr: `sum(rate(k6_iterations_total{${RUN}}[$__rate_interval]))`,
        legend: 'iterations a second',
      },
    ],
  });
}

export function readDuration(width: number): Panel {
  return durations({
    title: 'Reads, as k6 saw them',
    description:
      'Bad: p99 at the dashed line, where the test fails; or drawing away from what the API saw, below: the network or the gateway.',
    width,
    kind: 'read',
    limit: READ,
  });
}

export function tradeDuration(width: number): Panel {
  return durations({
    title: 'Trades, as k6 saw them',
    description:
      'Bad: p99 near the dashed line, where the test fails (by p99.5); or drawing away from what the API saw, below.',
    width,
    kind: 'trade',
    limit: TRADE,
  });
}

export function phases(width: number): Panel {
  const mean = (phase: string) =>
    `histogram_avg(sum(rate(k6_http_req_${phase}_seconds{${RUN}}[$__rate_interval])))`;
  return empty(graph, {
    title: 'Where a request spends its time',
    description:
      'Mean times. Bad: `blocked` or `connecting` at all once it runs: connections are not kept, or run out on k6’s machine.',
    unit: 's',
    width,
    stacked: true,
    queries: ['blocked', 'connecting', 'sending', 'waiting', 'receiving'].map((phase) => ({
      expr: mean(phase),
      legend: phase,
    })),
  });
}

export function checksTable(width: number): Panel {
  return empty(table, {
    title: 'Checks',
    description:
      'What the script looks at in the answers. Bad: a red cell: fast and wrong is wrong.',
    width,
    rows: { check: 'Check' },
    sortBy: 'Passed',
    columns: [
      {
        title: 'Passed',
        expr: `min by (check) (last_over_time(k6_checks_rate{${RUN}}[$__range]))`,
        unit: 'percentunit',
        decimals: 2,
        floor: CHECKS,
      },
    ],
  });
}

export function runsTable(width: number): Panel {
  return empty(table, {
    title: 'Runs',
    description:
      'Each in the time shown: how many users, requests, and what failed. Bad: a run with more failures, or fewer requests by as many users, than the one before.',
    width,
    rows: { testid: 'Run' },
    sortBy: 'Run',
    columns: [
      {
        title: 'Users',
        expr: `max by (testid) (max_over_time(k6_vus_max{${RUN}}[$__range]))`,
        unit: 'short',
      },
      {
        title: 'Requests',
        expr: `sum by (testid) (max_over_time(k6_http_reqs_total{${RUN}}[$__range]))`,
        unit: 'short',
      },
      {
        title: 'Failed',
        expr: ratio({
          part: `sum by (testid) (max_over_time(k6_http_reqs_total{${RUN}, expected_response="false"}[$__range]))`,
          whole: `sum by (testid) (max_over_time(k6_http_reqs_total{${RUN}}[$__range]))`,
        }),
        unit: 'percentunit',
        decimals: 2,
        limit: FAILED,
      },
    ],
  });
}

export function requestsOfBoth(width: number): Panel {
  return graph({
    title: 'Requests: k6’s and the API’s',
    description:
      'What k6 sent, and what the API answered in all. Bad: the API’s below k6’s: the gateway refuses, or answers are lost.',
    unit: 'reqps',
    width,
    queries: [
      { expr: `${requests()} or vector(0)`, legend: 'k6' },
      {
        expr: 'sum(rate(http_requests_total{service="api", route!~"/health.*|/metrics"}[$__rate_interval]))',
        legend: 'API',
      },
    ],
  });
}

export function serverCpu(width: number): Panel {
  return graph({
    title: 'CPU of the services',
    description:
      '100 % is one core, and JavaScript runs on one. Bad: one at 100 % while the others idle: that is the bound of this run.',
    unit: 'percentunit',
    width,
    queries: [
      {
        expr: 'max by (service) (rate(process_cpu_seconds_total{service=~"api|market|worker"}[$__rate_interval]))',
        legend: '{{service}}',
      },
    ],
  });
}

interface Durations {
  title: string;
  description: string;
  width: number;
  kind: string;
  limit: number;
}

function durations({ kind, ...text }: Durations): Panel {
  return empty(graph, {
    ...text,
    unit: 's',
    colours: percentileColours,
    queries: [
      { expr: quantile(0.5, kind), legend: 'p50' },
      { expr: quantile(0.95, kind), legend: 'p95' },
      { expr: quantile(0.99, kind), legend: 'p99' },
    ],
  });
}

/** A panel that only a load test fills. */
function empty<Options>(
  kind: (options: Options & { whenEmpty: string; emptyWhenHealthy: string }) => Panel,
  options: Options,
): Panel {
  return kind({ ...options, whenEmpty: 'No load test ran', emptyWhenHealthy: NO_RUN });
}
