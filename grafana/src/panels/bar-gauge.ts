import { PanelBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { NEUTRAL } from '../colours.ts';
import { metricsPanel, type Panel, type PanelText } from './panel.ts';

interface BarGauge extends PanelText {
  expr: string;
  legend: string;
}

/** The newest values as bars: a ranking. */
export function barGauge({ expr, legend, ...text }: BarGauge): Panel {
  const builder = new PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .min(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(NEUTRAL));
  return metricsPanel(builder, text, [{ expr, legend, instant: true }]);
}
