import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { NEUTRAL } from '../colours.ts';
import { logsPanel, metricsPanel, steps, type Panel, type PanelText } from './panel.ts';

export interface Stat extends PanelText {
  expr: string;
  /** Where the whole tile turns red. Without it the number is plain: there is no good or bad to it. */
  thresholds?: ThresholdsConfigBuilder;
}

/** One number of now, with its way there as a line: readable from across the room. */
export function stat({ expr, thresholds, ...text }: Stat): Panel {
  const builder = number(thresholds).graphMode(BigValueGraphMode.Area);
  return metricsPanel(builder, { height: 4, ...text }, [{ expr }]);
}

/** The same, counted from logs; without the line, which would read many lines for little. */
export function logStat({ expr, thresholds, ...text }: Stat): Panel {
  const builder = number(thresholds).graphMode(BigValueGraphMode.None);
  return logsPanel(builder, { height: 4, ...text }, [{ expr, instant: true }]);
}

function number(thresholds: ThresholdsConfigBuilder | undefined): PanelBuilder {
  return new PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .textMode(BigValueTextMode.Value)
    .colorMode(thresholds === undefined ? BigValueColorMode.Value : BigValueColorMode.Background)
    .thresholds(thresholds ?? steps([{ value: null, color: NEUTRAL }]));
}
