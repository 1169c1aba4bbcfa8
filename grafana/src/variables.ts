import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { JAEGER, LOKI, logs, metrics, POSTGRES, PROMETHEUS } from './datasources.ts';

type Variable = Builder<VariableModel>;

/** What "All" stands for in a query. It wants a value, so series without the label are never counted among a service's. */
export const ALL = '.+';

/**
 * Health checks and metrics are left out, as in prometheus/rules/recording.yml: machines ask for them, and they are fast.
 */
export const PEOPLES_ROUTES = 'route!~"/health.*|/metrics"';

/** The data sources: shown only where there is a choice to make, which is not here. */
export const dataSources: Variable[] = [
  dataSource('metrics', 'prometheus', { text: 'Prometheus', value: PROMETHEUS }),
  dataSource('logs', 'loki', { text: 'Loki', value: LOKI }),
  dataSource('traces', 'jaeger', { text: 'Jaeger', value: JAEGER }),
  dataSource('books', 'grafana-postgresql-datasource', { text: 'Postgres', value: POSTGRES }),
];

/** Services that answer HTTP requests and count them. One at a time: routes of two services have nothing in common. */
export const service = one(fromLabel('service', 'Service', 'http_requests_total'), 'api');

export const instance = instancesOf('http_requests_total');

export const route = several(
  fromLabel('route', 'Route', `http_requests_total{service=~"$service", ${PEOPLES_ROUTES}}`),
);

/**
 * The services that have a metric: one, several or all. All is the list of them, not any: what every process has, such as CPU,
 * is then shown of these alone.
 */
export function servicesOf(metric: string): Variable {
  return several(fromLabel('service', 'Service', metric), null);
}

/** The processes of the chosen services that have a metric: one, several or all. */
export function instancesOf(metric: string): Variable {
  return several(fromLabel('instance', 'Instance', `${metric}{service=~"$service"}`));
}

/** A variable to type into; empty at first. */
export function textBox(name: string, title: string): Variable {
  return new TextBoxVariableBuilder(name).label(title).defaultValue('');
}

function dataSource(
  name: string,
  type: string,
  provisioned: { text: string; value: string },
): Variable {
  return new DatasourceVariableBuilder(name)
    .label(provisioned.text)
    .type(type)
    .current({ selected: true, ...provisioned })
    .hide(VariableHide.HideVariable);
}

/** A variable whose values are those of a label: that of the same name, if no other is given. */
export function fromLabel(
  name: string,
  title: string,
  series: string,
  label = name,
): QueryVariableBuilder {
  const query = `label_values(${series}, ${label})`;
  return new QueryVariableBuilder(name)
    .label(title)
    .datasource(metrics)
    .query({ qryType: 1, query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** The same of a label of log streams. */
export function fromLogLabel(name: string, title: string, label: string): QueryVariableBuilder {
  const streams = '{service_name=~".+"}';
  return (
    new QueryVariableBuilder(name)
      .label(title)
      .datasource(logs)
      // 1: the values of a label, as Grafana's data source has it.
      .query({ type: 1, label, stream: streams, refId: name })
      .definition(`label_values(${streams}, ${label})`)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
  );
}

/** One of its values can be chosen; this one at first. */
export function one(variable: QueryVariableBuilder, value: string): QueryVariableBuilder {
  return variable.current({ selected: true, text: value, value });
}

/** One, several or all of its values can be chosen; all at first. Without a value for all Grafana lists them. */
export function several(
  variable: QueryVariableBuilder,
  all: string | null = ALL,
): QueryVariableBuilder {
  if (all !== null) variable.allValue(all);
  return variable
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
