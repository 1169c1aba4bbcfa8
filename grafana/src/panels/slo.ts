import { toDetails } from '../links.ts';
import { boundOf, thresholdOf } from '../rules.ts';
import { BAD, GOOD, WARNING } from '../colours.ts';
import { barGauge } from './bar-gauge.ts';
import { graph } from './graph.ts';
import { redFrom, steps, type Panel } from './panel.ts';
import { ratio } from './ratio.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** Below these docs/slo.md asks for other manners: first more care, then nothing but repairs. */
const budgetLeft = steps([
  { value: null, color: BAD },
  { value: 0.1, color: WARNING },
  { value: 0.5, color: GOOD },
]);

export function lowestBudget(width: number): Panel {
  return stat({
    title: 'Lowest error budget',
    description:
      'What is left of the error budget of 30 days, of the SLO that has least. Bad: orange, under a half: change things in hours when those who can undo it are awake; red, under a tenth: only what brings it back (docs/slo.md).',
    unit: 'percentunit',
    decimals: 1,
    width,
    thresholds: budgetLeft,
    expr: 'min(slo:error_budget_left:ratio30d)',
  });
}

export function fastestBurn(width: number): Panel {
  return stat({
    title: 'Fastest burn, 1 h',
    description:
      'How many times as fast as it may the budget went in the last hour, of the SLO that burns fastest. Bad: over 1 for long; red, which is where SloBurningFast fires.',
    unit: 'none',
    decimals: 2,
    width,
    thresholds: redFrom(thresholdOf('SloBurningFast')),
    expr: `max(${burnRate('1h')})`,
  });
}

export function slowestBurn(width: number): Panel {
  return stat({
    title: 'Fastest burn, 1 d',
    description:
      'The same over the last day. Bad: over 1 for long; red, which is where SloBurningSlow fires.',
    unit: 'none',
    decimals: 2,
    width,
    thresholds: redFrom(thresholdOf('SloBurningSlow')),
    expr: `max(${burnRate('1d')})`,
  });
}

export function unmeasured(width: number): Panel {
  return stat({
    title: 'SLOs measured',
    description:
      'Service levels of which there are events. Bad: one less than before: its alerts and its budget are blind (SloMetricAbsent tells of it). `page` is measured once a browser has been here.',
    unit: 'short',
    width,
    expr: 'count(slo:errors:rate5m)',
  });
}

export function budgets(width: number): Panel {
  return barGauge({
    title: 'Error budget left',
    description:
      'What is left of the error budget of 30 days, by SLO; 0 or less: it is used up. Bad: orange or red, as for the lowest.',
    unit: 'percentunit',
    width,
    height: 7,
    max: 1,
    thresholds: budgetLeft,
    expr: 'max by (slo) (slo:error_budget_left:ratio30d)',
    legend: '{{slo}}',
  });
}

export function levels(width: number): Panel {
  const share = (window: string) => `max by (slo, service) (slo:errors:ratio_rate${window})`;
  return table({
    title: 'Service levels',
    description:
      'For each SLO its target, and the share of bad events over ever longer windows. Bad: a share above what the target leaves (1 − target) in a long window; in a short one alone it has only begun.',
    width,
    height: 7,
    rows: { slo: 'SLO', service: 'Service' },
    sortBy: 'Bad, 1 d',
    columns: [
      { title: 'Target', expr: 'max by (slo, service) (slo:objective:ratio)', unit: 'percentunit' },
      {
        title: 'Events/s',
        expr: 'max by (slo, service) (slo:events:rate5m)',
        unit: 'short',
        decimals: 2,
      },
      { title: 'Bad, 5 min', expr: share('5m'), unit: 'percentunit', decimals: 2 },
      { title: 'Bad, 1 h', expr: share('1h'), unit: 'percentunit', decimals: 2 },
      { title: 'Bad, 6 h', expr: share('6h'), unit: 'percentunit', decimals: 2 },
      { title: 'Bad, 1 d', expr: share('1d'), unit: 'percentunit', decimals: 2 },
      { title: 'Bad, 3 d', expr: share('3d'), unit: 'percentunit', decimals: 2 },
    ],
  });
}

/** The long windows of the alerts: which alert, and which of its alternatives. */
const windows = {
  '1h': { alert: 'SloBurningFast', alternative: 0 },
  '6h': { alert: 'SloBurningFast', alternative: 1 },
  '1d': { alert: 'SloBurningSlow', alternative: 0 },
  '3d': { alert: 'SloBurningSlow', alternative: 1 },
} as const;

export function burn(window: keyof typeof windows, width: number): Panel {
  const { alert, alternative } = windows[window];
  return graph({
    title: `Burn rate over ${window}`,
    description: `How many times as fast as it may each budget went; at 1 it lasts 30 days. Bad: over the dashed line, where ${alert} fires while it still goes on.`,
    unit: 'none',
    decimals: 2,
    width,
    height: 7,
    limit: thresholdOf(alert, alternative),
    queries: [{ expr: `max by (slo) (${burnRate(window)})`, legend: '{{slo}}' }],
  });
}

export function budgetOverTime(width: number): Panel {
  return graph({
    title: 'Error budget over time',
    description:
      'What was left of each budget. Bad: a step down: look what happened there; or a steady fall: something small goes wrong all the time.',
    unit: 'percentunit',
    width,
    max: 1,
    queries: [{ expr: 'max by (slo) (slo:error_budget_left:ratio30d)', legend: '{{slo}}' }],
  });
}

export function badEvents(width: number): Panel {
  return graph({
    title: 'Bad events',
    description:
      'Bad events per minute, by SLO. Bad: any that goes on; how much it matters, the burn rates say.',
    unit: 'opm',
    width,
    queries: [{ expr: 'max by (slo) (slo:errors:rate5m) * 60', legend: '{{slo}}' }],
  });
}

/** The API's, without what only machines ask for: as the SLOs have it. */
const OF_API = 'service="api", route!~"/health.*|/metrics"';

export function unavailableRoutes(width: number): Panel {
  const failed = `sum by (route) (rate(http_requests_total{${OF_API}, status_code=~"5.."}[$__rate_interval]))`;
  return graph({
    title: 'availability: 5xx by route',
    description: 'What eats the availability budget: answers with 5xx a minute. Bad: any line.',
    unit: 'opm',
    width,
    links: [toDetails('api-red', { service: 'api' })],
    whenEmpty: 'No answer was a 5xx',
    emptyWhenHealthy: 'nothing answers with 5xx; drill errors fills it',
    queries: [{ expr: `60 * ${failed}`, legend: '{{route}}' }],
  });
}

export function slowRoutes(width: number): Panel {
  const bound = boundOf('latency');
  const all = `sum by (route) (rate(http_request_duration_seconds_count{${OF_API}}[$__rate_interval]))`;
  const fast = `sum by (route) (rate(http_request_duration_seconds_bucket{${OF_API}, le="${bound}"}[$__rate_interval]))`;
  return graph({
    title: 'latency: too slow, by route',
    description: `What eats the latency budget: answers that took over ${bound} s, a minute. Bad: a line that stays off the floor.`,
    unit: 'opm',
    width,
    links: [toDetails('api-red', { service: 'api' })],
    queries: [{ expr: `60 * (${all} - ${fast})`, legend: '{{route}}' }],
  });
}

export function slowTrades(width: number): Panel {
  const bound = boundOf('trading');
  const trades = `service="api", method="POST", route=~"/api/(trade|orders)", status_code=~"2..|5.."`;
  const all = `sum by (route) (rate(http_request_duration_seconds_count{${trades}}[$__rate_interval]))`;
  const good = `sum by (route) (rate(http_request_duration_seconds_bucket{${trades}, status_code=~"2..", le="${bound}"}[$__rate_interval]))`;
  return graph({
    title: 'trading: failed or too slow',
    description: `What eats the trading budget: trades and orders that failed for our fault or took over ${bound} s, as a share. Bad: off the floor.`,
    unit: 'percentunit',
    width,
    queries: [{ expr: ratio({ part: `(${all} - ${good})`, whole: all }), legend: '{{route}}' }],
  });
}

export function quoteAges(width: number): Panel {
  return graph({
    title: 'freshness: age of quotes',
    description:
      'What eats the freshness budget: the age of the newest quotes, by process of the API. Bad: at the dashed line, where QuotesStale fires, and trades are refused.',
    unit: 's',
    width,
    limit: thresholdOf('QuotesStale'),
    queries: [{ expr: 'market_quote_age_seconds{service="api"}', legend: '{{instance}}' }],
  });
}

export function lateDeposits(width: number): Panel {
  const deposits = (q: number) =>
    `histogram_quantile(${q}, sum by (le) (rate(payment_duration_seconds_bucket{kind="deposit"}[5m])))`;
  return graph({
    title: 'payments: time to credit',
    description: `What eats the payments budget: the time from asking for a deposit to its credit; over ${boundOf('payments')} s is bad. Bad: a p25 over the dashed line, where DepositsLate fires.`,
    unit: 's',
    width,
    limit: thresholdOf('DepositsLate'),
    queries: [
      { expr: deposits(0.25), legend: 'p25' },
      { expr: deposits(0.99), legend: 'p99' },
    ],
  });
}

export function slowPages(width: number): Panel {
  return graph({
    title: 'page: largest contentful paint',
    description: `What eats the page budget: p75 of the largest contentful paint, as browsers saw it. Bad: over ${boundOf('page')} s.`,
    unit: 's',
    width,
    whenEmpty: 'No browser has been here',
    emptyWhenHealthy: 'the default traffic has no browsers; a person who opens the page fills it',
    queries: [
      {
        expr: 'histogram_quantile(0.75, sum by (le) (rate(web_vital_seconds_bucket{name="LCP"}[5m]))) > 0',
        legend: 'p75',
      },
    ],
  });
}

function burnRate(window: string): string {
  return `slo:errors:ratio_rate${window} / (1 - slo:objective:ratio)`;
}
