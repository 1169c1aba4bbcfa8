import { LogsDedupStrategy, LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { levelColours } from '../colours.ts';
import { logGraph } from './graph.ts';
import { logsPanel, type Panel, type PanelText } from './panel.ts';

interface LogTail extends PanelText {
  /** A LogQL stream selector, and filters on lines. */
  selector: string;
  /** What is shown of a line, as the rest of a LogQL pipeline. */
  readable?: string;
}

/** What a person reads first; the whole line, which is JSON, is much longer. Lines of others are shown as they are. */
const READABLE =
  '| json message="message", cause="error.message" | drop __error__, __error_details__ ' +
  '| line_format `{{.service_name}}: {{if .message}}{{.message}} {{.cause}}{{else}}{{__line__}}{{end}}`';

/** The newest lines. Opening one shows its fields, and the link to its trace. */
export function logTail({ selector, readable = READABLE, ...text }: LogTail): Panel {
  const builder = new PanelBuilder()
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending)
    .dedupStrategy(LogsDedupStrategy.None);
  return logsPanel(builder, text, [{ expr: `${selector} ${readable}` }]);
}

interface LogVolume extends Omit<PanelText, 'description' | 'unit'> {
  /** A LogQL stream selector. */
  selector: string;
}

/** How much is said, by level. */
export function logVolume({ selector, ...text }: LogVolume): Panel {
  return logGraph({
    ...text,
    description:
      'Lines per minute by level. Bad: red or orange where there was none before, or a sudden silence.',
    unit: 'short',
    stacked: true,
    colours: levelColours,
    queries: [
      {
        expr: `sum by (level) (rate(${selector}[$__auto])) * 60`,
        legend: '{{level}}',
      },
    ],
  });
}
