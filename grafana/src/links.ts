import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import { JAEGER, LOKI } from './datasources.ts';

/** Every dashboard: its uid, which is part of its address and never changes, and its title. A link can lead to these alone. */
export const titles = {
  lookout: 'Lookout',
  'service-levels': 'Service levels',
  'api-red': 'API (RED)',
  runtime: 'Runtime',
  'jobs-and-streams': 'Jobs and streams',
  logs: 'Logs',
  traces: 'Traces',
  database: 'Database',
  redis: 'Redis and cache',
  trading: 'Trading',
  customers: 'Customers',
  payments: 'Payments',
  security: 'Auth and security',
  synthetic: 'Synthetic',
  dora: 'DORA',
  host: 'Host and containers',
  'lookout-itself': 'The lookout itself',
  k6: 'k6',
} as const;

export type Uid = keyof typeof titles;

/** Every dashboard of ours carries it; the menu at the top of each lists them by it. */
export const TAG = 'crows-nest';

/** The menu of all dashboards, at the top of each; time range and variables are taken along. */
export const allDashboards = new DashboardLinkBuilder('Dashboards')
  .type(DashboardLinkType.Dashboards)
  .tags([TAG])
  .asDropdown(true)
  .includeVars(true)
  .keepTime(true);

/** A button at the top of a dashboard: the next one to open. Time range and variables are taken along. */
export function toDashboard(uid: Uid): DashboardLinkBuilder {
  return new DashboardLinkBuilder(titles[uid])
    .type(DashboardLinkType.Link)
    .url(`/d/${uid}`)
    .icon('dashboard')
    .includeVars(true)
    .keepTime(true);
}

/**
 * A click on a value leads to another dashboard, at the same time. `variables` are set there: name to value, which may be
 * `${__field.labels.<label>}` for that of the series clicked on.
 */
export function toDetails(uid: Uid, variables: Record<string, string> = {}): DashboardLinkBuilder {
  const set = Object.entries(variables).map(([name, value]) => `var-${name}=${value}&`);
  return dataLink(titles[uid], `/d/${uid}?${set.join('')}\${__url_time_range}`);
}

/** A click on a series leads to the same service on "API (RED)". */
export const toServiceDetails = toDetails('api-red', { service: '${__field.labels.service}' });

/** A click on a series leads to the same route alone. */
export const toRoute = routeLink('${__field.labels.route:percentencode}');

/** The same, from a table's cell that holds the route. */
export const toRouteInCell = routeLink('${__value.raw:percentencode}');

/** From a table's cell that holds an alert's name to its rule, with its expression, description and runbook. */
export const toAlertInCell = dataLink(
  'The rule',
  '/alerting/list?search=${__value.raw:percentencode}',
);

/** A click on a series leads to the lines that the service wrote in that time. */
export const toLogs = dataLink(
  'Logs of this time',
  explore(LOKI, {
    queryType: 'range',
    expr: '{service_name="${service}", level=~"warn|error"}',
  }),
);

/** A click on a series leads to traces of the service in that time, slowest first in the list to look at. */
export const toTraces = dataLink(
  'Traces of this time',
  explore(JAEGER, { queryType: 'search', service: '${service}', limit: 50 }),
);

function routeLink(route: string): DashboardLinkBuilder {
  return dataLink(
    'This route alone',
    `/d/api-red?\${service:queryparam}&var-route=${route}&\${__url_time_range}`,
  );
}

function dataLink(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url);
}

/** The address of a query in Explore, over the time range of the dashboard. */
function explore(datasource: string, query: Record<string, unknown>): string {
  const pane = {
    datasource,
    queries: [{ refId: 'A', datasource: { uid: datasource }, ...query }],
    range: { from: '${__from}', to: '${__to}' },
  };
  return `/explore?schemaVersion=1&panes=${encodeAround(JSON.stringify({ link: pane }))}`;
}

/** Encodes a URL parameter, but not the dashboard variables in it, which Grafana fills in later. */
function encodeAround(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((part) => (part.startsWith('${') ? part : encodeURIComponent(part)))
    .join('');
}
