import * as barChart from '@grafana/grafana-foundation-sdk/barchart';
import * as barGauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingMode,
  TableCellHeight,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type ThresholdsConfigBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { NEUTRAL, type SeriesColours } from '../colours.ts';
import { books } from '../datasources.ts';
import { panel, steps, type Panel, type PanelText } from './panel.ts';

/**
 * Panels on the trading system's books, by the views of services/trading/migrations/013_reporting.sql. These look back 30
 * days, whatever time the dashboard is at: titles say so. Columns are named in SQL as they are to be shown.
 */
interface SqlPanel extends PanelText {
  sql: string;
}

/** One number: the only column of the only row. */
export function sqlStat({
  sql,
  thresholds,
  ...text
}: SqlPanel & { thresholds?: ThresholdsConfigBuilder }): Panel {
  const builder = new stat.PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .textMode(BigValueTextMode.Value)
    .colorMode(thresholds === undefined ? BigValueColorMode.Value : BigValueColorMode.Background)
    .thresholds(thresholds ?? steps([{ value: null, color: NEUTRAL }]));
  return panel(builder, { height: 4, ...text }, books, [query(sql)]);
}

/** A bar for each column of the only row. */
export function sqlGauge({ sql, ...text }: SqlPanel): Panel {
  const builder = new barGauge.PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .min(0)
    .thresholds(steps([{ value: null, color: NEUTRAL }]));
  return panel(builder, text, books, [query(sql)]);
}

/** A bar for each row, named by its first column, a text; several number columns stand beside or on each other. */
export function sqlBars({
  sql,
  stacked,
  colours,
  limit,
  ...text
}: SqlPanel & {
  stacked?: boolean;
  colours?: SeriesColours;
  /** A top of the axis at least, so that one sees how far away it is. */
  limit?: number;
}): Panel {
  const builder = new barChart.PanelBuilder()
    .min(0)
    .fillOpacity(70)
    .lineWidth(0)
    // As many as there is room for.
    .xTickLabelSpacing(100)
    // Of a day or a span of time, whole; the SDK's own is 0, which leaves nothing but dots.
    .xTickLabelMaxLength(20)
    // Where all is 0 the axis would go on to any height.
    .axisSoftMax(1)
    .stacking(stacked === true ? StackingMode.Normal : StackingMode.None)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    );
  if (limit !== undefined) builder.axisSoftMax(limit);
  for (const [pattern, colour] of Object.entries(colours ?? {})) {
    builder.overrideByRegexp(pattern, [
      { id: 'color', value: { mode: 'fixed', fixedColor: colour } },
    ]);
  }
  return panel(builder, text, books, [query(sql)]);
}

/** Rows as they come. */
export function sqlTable({
  sql,
  units = {},
  ...text
}: SqlPanel & {
  /** Units of single columns, by heading. */
  units?: Readonly<Record<string, string>>;
}): Panel {
  const builder = new table.PanelBuilder().cellHeight(TableCellHeight.Sm);
  for (const [heading, unit] of Object.entries(units)) {
    builder.overrideByName(heading, [{ id: 'unit', value: unit }]);
  }
  return panel(builder, text, books, [query(sql)]);
}

/** As Grafana's Postgres data source has it; the SDK has no type for it. */
function query(sql: string): Builder<Dataquery> {
  return {
    build: () => ({
      refId: 'A',
      datasource: books,
      rawSql: sql,
      format: 'table',
      rawQuery: true,
      editorMode: 'code',
      _implementsDataqueryVariant: () => {},
    }),
  };
}
