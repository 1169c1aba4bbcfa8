import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { LOKI, metrics, PROMETHEUS } from './datasources.ts';

type Variable = Builder<VariableModel>;

/** What "All" stands for in a query. It wants a value, so series without the label are never counted among a service's. */
export const ALL = '.+';

/** The data sources: shown only where there is a choice to make, which is not here. */
export const dataSources: Variable[] = [
  new DatasourceVariableBuilder('metrics')
    .label('Metrics')
    .type('prometheus')
    .current({ selected: true, text: 'Prometheus', value: PROMETHEUS })
    .hide(VariableHide.HideVariable),
  new DatasourceVariableBuilder('logs')
    .label('Logs')
    .type('loki')
    .current({ selected: true, text: 'Loki', value: LOKI })
    .hide(VariableHide.HideVariable),
];

/** Services that answer HTTP requests and count them. */
export const service = fromLabel({
  name: 'service',
  label: 'Service',
  series: 'http_requests_total',
  current: 'api',
});

export const instance = fromLabel({
  name: 'instance',
  label: 'Instance',
  series: 'http_requests_total{service=~"$service"}',
});

export const route = fromLabel({
  name: 'route',
  label: 'Route',
  series: 'http_requests_total{service=~"$service"}',
});

interface LabelVariable {
  name: string;
  label: string;
  /** The series whose label values are offered. */
  series: string;
  /** Chosen at first; All where there is none. */
  current?: string;
}

/** A variable whose values are those of the label of the same name. */
function fromLabel({ name, label, series, current }: LabelVariable): Variable {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(metrics)
    .query({ qryType: 1, query: `label_values(${series}, ${name})`, refId: name })
    .definition(`label_values(${series}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(ALL)
    .current(
      current === undefined
        ? { selected: true, text: ['All'], value: ['$__all'] }
        : { selected: true, text: [current], value: [current] },
    );
}
