import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type {
  DashboardLink,
  Panel as SdkPanel,
  Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import * as loki from '@grafana/grafana-foundation-sdk/loki';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { BAD, GOOD } from '../colours.ts';
import { logs, metrics } from '../datasources.ts';

/** One panel of a dashboard. */
export interface Panel {
  title: string;
  builder: Builder<SdkPanel> & { id(id: number): unknown };
  /** Rightly without data while nothing is wrong. Every other panel must show data within minutes of a fresh start. */
  emptyWhenHealthy: boolean;
}

/** What every panel must say about itself. */
export interface PanelText {
  title: string;
  /** What it shows, and what a bad value looks like. */
  description: string;
  /** In columns of 24. */
  width: number;
  /** In rows of 30 pixels. */
  height?: number;
  /** One of Grafana's unit ids; only panels without numbers have none. */
  unit?: string;
  decimals?: number;
  /** Where a click on a value leads. */
  links?: Builder<DashboardLink>[];
  /** Shown in place of data where there is none. */
  whenEmpty?: string;
  emptyWhenHealthy?: boolean;
}

export interface Query {
  expr: string;
  /** The series' name: text with `{{label}}` in it. */
  legend?: string;
  /** Ask for the newest value only. */
  instant?: boolean;
  /** Ask for exemplars as well. One query of a panel at most, or each diamond is drawn several times. */
  exemplars?: boolean;
  /** A row a series instead of a graph. */
  table?: boolean;
  /** Buckets of a histogram. */
  heatmap?: boolean;
}

/** What the SDK's panel builders have in common; it has no name for it. */
interface PanelBuilder extends Builder<SdkPanel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  span(columns: number): this;
  height(rows: number): this;
  datasource(datasource: DataSourceRef): this;
  withTarget(target: Builder<Dataquery>): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
  noValue(text: string): this;
}

/** Puts text, size and PromQL queries on a builder: what all panels on metrics share. */
export function metricsPanel(
  builder: PanelBuilder,
  text: PanelText,
  queries: readonly Query[],
): Panel {
  builder.datasource(metrics);
  queries.forEach((query, index) => {
    builder.withTarget(promql(query).refId(refId(index)));
  });
  return described(builder, text);
}

/** Puts text, size and LogQL queries on a builder: what all panels on logs share. */
export function logsPanel(
  builder: PanelBuilder,
  text: PanelText,
  queries: readonly Query[],
): Panel {
  builder.datasource(logs);
  queries.forEach((query, index) => {
    builder.withTarget(logql(query).refId(refId(index)));
  });
  return described(builder, text);
}

/** Green below the limit, red from it on. */
export function redFrom(limit: number): ThresholdsConfigBuilder {
  return steps([
    { value: null, color: GOOD },
    { value: limit, color: BAD },
  ]);
}

export function steps(thresholds: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholds);
}

function described(builder: PanelBuilder, text: PanelText): Panel {
  builder
    .title(text.title)
    .description(text.description)
    .span(text.width)
    .height(text.height ?? 8);
  if (text.unit !== undefined) builder.unit(text.unit);
  if (text.decimals !== undefined) builder.decimals(text.decimals);
  if (text.links !== undefined) builder.dataLinks(text.links);
  if (text.whenEmpty !== undefined) builder.noValue(text.whenEmpty);
  return { title: text.title, builder, emptyWhenHealthy: text.emptyWhenHealthy ?? false };
}

function promql(query: Query): prometheus.DataqueryBuilder {
  const target = new prometheus.DataqueryBuilder()
    .expr(query.expr)
    .legendFormat(query.legend ?? '')
    .editorMode(prometheus.QueryEditorMode.Code)
    .exemplar(query.exemplars ?? false);
  if (query.table === true) target.format(prometheus.PromQueryFormat.Table);
  if (query.heatmap === true) target.format(prometheus.PromQueryFormat.Heatmap);
  return query.instant === true ? target.instant() : target.range();
}

function logql(query: Query): loki.DataqueryBuilder {
  return new loki.DataqueryBuilder()
    .expr(query.expr)
    .legendFormat(query.legend ?? '')
    .queryType(query.instant === true ? 'instant' : 'range')
    .editorMode(loki.QueryEditorMode.Code);
}

/** A, B, C, … as Grafana's editor names them. */
function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
