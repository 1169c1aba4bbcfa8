import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizTextDisplayOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { metricsPanel, redBelow, type Panel, type PanelText } from './panel.ts';

interface Tiles extends Omit<PanelText, 'unit'> {
  /** 1 for what is well, 0 for what is not. */
  expr: string;
  legend: string;
}

/** A green or red tile for each series: all of them at a glance, also from across the room. */
export function tiles({ expr, legend, ...text }: Tiles): Panel {
  const builder = new PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Name)
    .colorMode(BigValueColorMode.Background)
    // Fitted to its tile, the longest name would make all of them too small to read.
    .text(new VizTextDisplayOptionsBuilder().valueSize(13))
    .thresholds(redBelow(1));
  return metricsPanel(builder, { ...text, unit: 'short' }, [{ expr, legend, instant: true }]);
}
