import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import { JAEGER, LOKI } from './datasources.ts';

/** Uids of the dashboards, in one place, so that a link cannot lead to one that does not exist. */
export const LOOKOUT = 'lookout';
export const API_RED = 'api-red';

/** Every dashboard of ours carries it; the menu at the top of each lists them by it. */
export const TAG = 'crows-nest';

/** The menu of all dashboards, at the top of each; time range and variables are taken along. */
export const allDashboards = new DashboardLinkBuilder('Dashboards')
  .type(DashboardLinkType.Dashboards)
  .tags([TAG])
  .asDropdown(true)
  .includeVars(true)
  .keepTime(true);

/** A click on a series leads to the same service on "API (RED)". */
export const toServiceDetails = dataLink(
  'Routes of this service',
  `/d/${API_RED}?var-service=\${__field.labels.service}&\${__url_time_range}`,
);

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
    `/d/${API_RED}?\${service:queryparam}&var-route=${route}&\${__url_time_range}`,
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
