import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { BAD, GOOD } from '../colours.ts';
import { metricsPanel, redBelow, type Panel, type PanelText } from './panel.ts';

interface StateTimeline extends Omit<PanelText, 'unit'> {
  /** 1 for what is well, 0 for what is not. */
  expr: string;
  legend: string;
}

/** A band for each series, green while it was well and red while it was not: what failed first, and for how long. */
export function stateTimeline({ expr, legend, ...text }: StateTimeline): Panel {
  const builder = new PanelBuilder()
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(redBelow(1))
    .mappings([
      {
        type: MappingType.ValueToText,
        options: {
          '1': { text: 'well', color: GOOD, index: 0 },
          '0': { text: 'failed', color: BAD, index: 1 },
        },
      },
    ]);
  return metricsPanel(builder, { ...text, unit: 'short' }, [{ expr, legend }]);
}
