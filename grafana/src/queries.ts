import {
  VariableType,
  type Panel as SdkPanel,
  type RowPanel,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { catalogue } from './catalogue.ts';
import { build, type Dashboard } from './dashboard.ts';
import { PROMETHEUS } from './datasources.ts';
import type { TracesQuery } from './panels/traces.ts';
import { ALL } from './variables.ts';

/** One question that a dashboard asks, ready to be put to the data source. */
export interface DashboardQuery {
  dashboard: string;
  /** The panel, variable or annotation that asks. */
  asker: { kind: 'panel' | 'variable' | 'annotation'; title: string };
  refId: string;
  /** Uid of the data source in provisioning/datasources. */
  datasource: 'prometheus' | 'loki' | 'jaeger' | 'postgres';
  /**
   * PromQL, LogQL or SQL, with every variable filled in; for Jaeger the path and query of its API, to which the asker adds
   * the time: `/api/traces?service=api&limit=20`.
   */
  expr: string;
  /** Asked for the newest value only, rather than over a range. */
  instant: boolean;
  /** A running, healthy system has data for it within minutes. What is not expected to have, needs something to be wrong. */
  expectsData: boolean;
}

/** How the dashboard variables are filled in: as a visitor finds them, or with All wherever that can be chosen. */
export type Selection = 'defaults' | 'all';

/** The time that is shown, and what Grafana fills in for it on a screen of usual width. */
export interface Shown {
  /** `$__range` */
  range: string;
  /** `$__interval`, which is also the step of a range query. */
  interval: string;
  /** `$__rate_interval`: at least four scrapes, and a scrape more than the step. */
  rateInterval: string;
  /** Loki's `$__auto` */
  auto: string;
}

/** What a visitor finds. */
export const LAST_HOUR: Shown = { range: '1h', interval: '15s', rateInterval: '40s', auto: '1m' };

/** Every query of every dashboard: of panels, variables and annotations, in the order in which a reader meets them. */
export function dashboardQueries(selection: Selection, shown = LAST_HOUR): DashboardQuery[] {
  return catalogue.flatMap((dashboard) => queriesOf(dashboard, selection, shown));
}

function queriesOf(dashboard: Dashboard, selection: Selection, shown: Shown): DashboardQuery[] {
  const built = build(dashboard);
  const variables = built.templating.list ?? [];
  const fill = filler(variables, selection, shown);
  const quiet = new Set(
    dashboard.rows
      .flatMap((row) => row.panels)
      .filter((panel) => panel.emptyWhenHealthy !== undefined)
      .map((panel) => panel.title),
  );

  const ofVariables = variables
    .filter((variable) => variable.type === VariableType.Query)
    .map((variable): DashboardQuery => {
      const datasource = fill(variable.datasource?.uid ?? '') as DashboardQuery['datasource'];
      return {
        dashboard: dashboard.uid,
        asker: { kind: 'variable', title: variable.name },
        refId: variable.name,
        datasource,
        expr: fill(seriesOf(variable)),
        // Its values are those within the time shown.
        instant: false,
        expectsData: true,
      };
    });

  const ofAnnotations = (built.annotations.list ?? []).map((annotation): DashboardQuery => ({
    dashboard: dashboard.uid,
    asker: { kind: 'annotation', title: annotation.name },
    refId: annotation.name,
    datasource: PROMETHEUS,
    expr: fill(annotation.expr ?? ''),
    instant: false,
    expectsData: false,
  }));

  const ofPanels = (built.panels ?? []).filter(isPanel).flatMap((panel) =>
    targetsOf(panel).map((target): DashboardQuery => ({
      dashboard: dashboard.uid,
      asker: { kind: 'panel', title: panel.title ?? '' },
      refId: target.refId,
      datasource: fill(panel.datasource?.uid ?? '') as DashboardQuery['datasource'],
      expr: fill(expressionOf(target)),
      instant: target.instant === true || target.queryType === 'instant',
      expectsData: !quiet.has(panel.title ?? ''),
    })),
  );

  return [...ofVariables, ...ofPanels, ...ofAnnotations];
}

/** Fills variables in as Grafana does. */
function filler(
  variables: VariableModel[],
  selection: Selection,
  shown: Shown,
): (text: string) => string {
  const values = new Map([
    ['__rate_interval', shown.rateInterval],
    ['__auto', shown.auto],
    ['__interval', shown.interval],
    ['__range', shown.range],
    ...variables.map((variable): [string, string] => [variable.name, valueOf(variable, selection)]),
  ]);
  return (text) =>
    text.replaceAll(/\$\{?(\w+)(?::\w+)?\}?/g, (whole, name: string) => values.get(name) ?? whole);
}

function valueOf(variable: VariableModel, selection: Selection): string {
  const current = [variable.current?.value ?? ''].flat();
  const all = current.includes('$__all') || (selection === 'all' && variable.includeAll === true);
  // Where Grafana would list all values, any stands for them.
  return all ? (variable.allValue ?? ALL) : current.join('|');
}

/** The series inside `label_values(series, label)`. */
function seriesOf(variable: VariableModel): string {
  const series = /^label_values\((.+), \w+\)$/.exec(variable.definition ?? '')?.[1];
  if (series === undefined) {
    throw new Error(
      `The variable ${variable.name} must be defined as label_values(series, label), but is: ${variable.definition ?? 'not defined'}`,
    );
  }
  return series;
}

export function isPanel(panel: SdkPanel | RowPanel): panel is SdkPanel {
  return panel.type !== 'row';
}

/** The part of a target that is read here; the SDK's type for targets is an empty one. */
interface Target extends Partial<Omit<TracesQuery, 'queryType'>> {
  refId: string;
  /** Prometheus and Loki. */
  expr?: string;
  /** Postgres. */
  rawSql?: string;
  instant?: boolean;
  queryType?: string;
}

function targetsOf(panel: SdkPanel): Target[] {
  return (panel.targets ?? []) as unknown as Target[];
}

function expressionOf({ expr, rawSql, ...search }: Target): string {
  if (expr !== undefined) return expr;
  if (rawSql !== undefined) return rawSql;
  if (search.queryType === 'dependencyGraph') return '/api/dependencies';
  const { service = '', tags, minDuration, limit = 20 } = search;
  const parameters = [
    `service=${service}`,
    `limit=${limit}`,
    ...(minDuration === undefined ? [] : [`minDuration=${minDuration}`]),
    ...(tags === undefined ? [] : [`tags=${encodeURIComponent(tagsAsJson(tags))}`]),
  ];
  return `/api/traces?${parameters.join('&')}`;
}

/** Jaeger's search form takes `error=true`, its API JSON. */
function tagsAsJson(tags: string): string {
  return JSON.stringify(Object.fromEntries(tags.split(' ').map((tag) => tag.split('='))));
}
