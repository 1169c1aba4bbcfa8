import { TooltipDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  HeatmapTooltipBuilder,
  PanelBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { metricsPanel, type Panel, type PanelText } from './panel.ts';

interface Heatmap extends PanelText {
  /** The increase of a histogram's buckets, by `le`. */
  expr: string;
  unit: string;
}

/** Where the values lie, over time: shows two groups of requests where a percentile shows one line between them. */
export function heatmap({ expr, ...text }: Heatmap): Panel {
  const builder = new PanelBuilder()
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme('Blues')
        .scale(HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(32),
    )
    .yAxis(new YAxisConfigBuilder().unit(text.unit))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
    .hideLegend();
  return metricsPanel(builder, text, [{ expr, legend: '{{le}}', heatmap: true, exemplars: true }]);
}
