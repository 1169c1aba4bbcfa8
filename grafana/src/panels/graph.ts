import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { BAD, type SeriesColours } from '../colours.ts';
import { logsPanel, metricsPanel, steps, type Panel, type PanelText, type Query } from './panel.ts';

export interface Graph extends PanelText {
  queries: Query[];
  /** A dashed line, and always inside the picture, so that one sees how far away it is. */
  limit?: number;
  /** Series on top of each other: where their sum means something. */
  stacked?: boolean;
  /** Top of the axis, where the unit has one: 1 for a ratio of a bound. */
  max?: number;
  colours?: SeriesColours;
  /** A table with the newest and the highest value: where there are more series than fit on a line. */
  legendTable?: boolean;
}

/** Lines over time, from metrics. */
export function graph({ queries, ...options }: Graph): Panel {
  return metricsPanel(lines(options), options, queries);
}

/** Lines over time, counted from logs. */
export function logGraph({ queries, ...options }: Graph): Panel {
  return logsPanel(lines(options), options, queries);
}

function lines({
  limit,
  stacked,
  max,
  colours,
  legendTable,
}: Omit<Graph, 'queries'>): PanelBuilder {
  const builder = new PanelBuilder()
    .min(0)
    .lineWidth(1)
    .fillOpacity(stacked === true ? 60 : 8)
    .showPoints(VisibilityMode.Never)
    // Two missed scrapes are bridged; a longer gap is shown as what it is.
    .spanNulls(60_000)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
    .legend(legend(legendTable ?? false));
  if (max !== undefined) builder.max(max);
  if (stacked === true) {
    builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  }
  if (limit !== undefined) {
    builder
      .thresholds(
        steps([
          { value: null, color: 'transparent' },
          { value: limit, color: BAD },
        ]),
      )
      .thresholdsStyle(
        new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
      )
      .axisSoftMax(limit * 1.1);
  }
  for (const [pattern, colour] of Object.entries(colours ?? {})) {
    builder.overrideByRegexp(pattern, [
      { id: 'color', value: { mode: 'fixed', fixedColor: colour } },
    ]);
  }
  return builder;
}

function legend(table: boolean): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(table ? LegendDisplayMode.Table : LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs(table ? ['lastNotNull', 'max'] : []);
}
