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
  description: string;
  builder: Builder<SdkPanel> & { id(id: number): unknown };
  /** Why it is rightly without data while nothing is wrong, if it is. Every other must show data within minutes of a fresh start. */
  emptyWhenHealthy: string | undefined;
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
  /** Rightly without data while nothing is wrong: why, and what fills it. */
  emptyWhenHealthy?: string;
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
export interface PanelBuilder extends Builder<SdkPanel> {
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
  return panel(
    builder,
    text,
    metrics,
    queries.map((query, index) => promql(query).refId(refId(index))),
  );
}

/** Puts text, size and LogQL queries on a builder: what all panels on logs share. */
export function logsPanel(
  builder: PanelBuilder,
  text: PanelText,
  queries: readonly Query[],
): Panel {
  return panel(
    builder,
    text,
    logs,
    queries.map((query, index) => logql(query).refId(refId(index))),
  );
}

/** Puts text, size, data source and its queries on a builder: what all panels share. */
export function panel(
  builder: PanelBuilder,
  text: PanelText,
  datasource: DataSourceRef,
  targets: readonly Builder<Dataquery>[],
): Panel {
  builder
    .datasource(datasource)
    .title(text.title)
    .description(text.description)
    .span(text.width)
    .height(text.height ?? 8);
  for (const target of targets) builder.withTarget(target);
  if (text.unit !== undefined) builder.unit(text.unit);
  if (text.decimals !== undefined) builder.decimals(text.decimals);
  if (text.links !== undefined) builder.dataLinks(text.links);
  if (text.whenEmpty !== undefined) builder.noValue(text.whenEmpty);
  return {
    title: text.title,
    description: text.description,
    builder,
    emptyWhenHealthy: text.emptyWhenHealthy,
  };
}

/** Green below the limit, red from it on. */
export function redFrom(limit: number): ThresholdsConfigBuilder {
  return steps([
    { value: null, color: GOOD },
    { value: limit, color: BAD },
  ]);
}

/**
 * Red above the limit, as alerts have it (`> 0`); Grafana colours from a value on. Of numbers that are seldom just at their limit
 * `redFrom` says the same.
 */
export function redAbove(limit: number): ThresholdsConfigBuilder {
  return redFrom(limit + 1e-6);
}

/** Red below the limit, green from it on: for what must not fall. */
export function redBelow(limit: number): ThresholdsConfigBuilder {
  return steps([
    { value: null, color: BAD },
    { value: limit, color: GOOD },
  ]);
}

export function steps(thresholds: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholds);
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
