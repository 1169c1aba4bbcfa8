import { PanelBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import type { ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { NEUTRAL } from '../colours.ts';
import { metricsPanel, steps, type Panel, type PanelText } from './panel.ts';

interface BarGauge extends PanelText {
  expr: string;
  legend: string;
  /** Where bars turn red. Without them they are plain: a ranking. */
  thresholds?: ThresholdsConfigBuilder;
  /** What a full bar is, where the unit has one: 1 for a ratio of a bound. */
  max?: number;
}

/** The newest values as bars: a ranking, or how much is left of each. */
export function barGauge({ expr, legend, thresholds, max, ...text }: BarGauge): Panel {
  const builder = new PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .min(0)
    .thresholds(thresholds ?? steps([{ value: null, color: NEUTRAL }]));
  if (max !== undefined) builder.max(max);
  return metricsPanel(builder, text, [{ expr, legend, instant: true }]);
}
