import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { JAEGER, LOKI, metrics, POSTGRES, PROMETHEUS } from './datasources.ts';

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
export const service = fromLabel('service', 'Service', 'http_requests_total').current({
  selected: true,
  text: 'api',
  value: 'api',
});

export const instance = several(
  fromLabel('instance', 'Instance', 'http_requests_total{service="$service"}'),
);

export const route = several(
  fromLabel('route', 'Route', `http_requests_total{service="$service", ${PEOPLES_ROUTES}}`),
);

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

/** A variable whose values are those of the label of the same name. */
export function fromLabel(name: string, title: string, series: string): QueryVariableBuilder {
  const query = `label_values(${series}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(title)
    .datasource(metrics)
    .query({ qryType: 1, query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** One, several or all of its values can be chosen; all at first. */
export function several(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable
    .multi(true)
    .includeAll(true)
    .allValue(ALL)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
