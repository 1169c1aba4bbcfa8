import { LogsDedupStrategy, LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { levelColours } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { graph, logGraph } from './graph.ts';
import { logsPanel, redAbove, redFrom, type Panel, type PanelText } from './panel.ts';
import { logStat, stat } from './stat.ts';
import { logTable } from './table.ts';

interface LogTail extends PanelText {
  /** A LogQL stream selector, and filters on lines. */
  selector: string;
  /** What is shown of a line, as the rest of a LogQL pipeline. */
  readable?: string;
}

/** Takes what a person reads first out of a line, which is JSON; lines of others are left as they are. */
const PARSED =
  '| json message="message", cause="error.message" | drop __error__, __error_details__';
const READABLE = `${PARSED} | line_format \`{{.service_name}}: {{or .message __line__}} {{.cause}}\``;

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

interface LogVolume {
  title: string;
  width: number;
  /** A regular expression. */
  services: string;
}

/** How much our services say, by level: as they count it, because to count lines Loki would have to read them all. */
export function logVolume({ services, ...text }: LogVolume): Panel {
  return graph({
    ...text,
    description:
      'Lines per minute by level. Bad: red or orange where there was none before, or a sudden silence.',
    unit: 'short',
    stacked: true,
    colours: levelColours,
    queries: [
      {
        expr: `60 * sum by (level) (rate(telemetry_log_lines_total{service=~"${services}"}[$__rate_interval]))`,
        legend: '{{level}}',
      },
    ],
  });
}

export function logVolumeByService({ services, ...text }: LogVolume): Panel {
  return graph({
    ...text,
    description:
      'Lines per minute by service. Bad: one that has fallen silent, or many times its usual: something is tried again and again.',
    unit: 'short',
    stacked: true,
    queries: [
      {
        expr: `60 * sum by (service) (rate(telemetry_log_lines_total{service=~"${services}"}[$__rate_interval]))`,
        legend: '{{service}}',
      },
    ],
  });
}

/** The lines of the chosen services. */
const CHOSEN = 'service_name=~"$service"';

export function errorLines(width: number): Panel {
  return logStat({
    title: 'Errors',
    description:
      'Lines at error of the last 5 minutes. Bad: any: somebody must look. Red from the first on.',
    unit: 'short',
    width,
    thresholds: redFrom(1),
    expr: `sum(count_over_time({${CHOSEN}, level="error"}[5m])) or vector(0)`,
  });
}

/** Of all services, also those that do not count their lines: the gateway, PostgreSQL, Redis. */
export function faultLines(width: number): Panel {
  return logGraph({
    title: 'Errors and warnings by service',
    description:
      'Lines per minute at error and warn. Bad: a service that had none, or many times its usual.',
    unit: 'short',
    width,
    whenEmpty: 'No error and no warning',
    emptyWhenHealthy: 'nothing goes wrong; a refused login fills it',
    queries: [
      {
        expr: `60 * sum by (service_name, level) (rate({${CHOSEN}, level=~"error|warn"}[$__auto]))`,
        legend: '{{service_name}} {{level}}',
      },
    ],
  });
}

export function warningLines(width: number): Panel {
  return logStat({
    title: 'Warnings',
    description:
      'Lines at warn of the last 5 minutes: slow requests, refused logins, what looks like an attack. Bad: many more than usual.',
    unit: 'short',
    width,
    expr: `sum(count_over_time({${CHOSEN}, level="warn"}[5m])) or vector(0)`,
  });
}

export function allLines(width: number): Panel {
  return logStat({
    title: 'Lines',
    description:
      'Lines of the last 5 minutes, of all levels. Bad: 0: nothing arrives, and nobody would know.',
    unit: 'short',
    width,
    expr: `sum(count_over_time({${CHOSEN}}[5m])) or vector(0)`,
  });
}

export function droppedLines(width: number): Panel {
  return stat({
    title: 'Lines lost',
    description:
      'Lines that our services could not write within 5 minutes, because what they go to was too slow, full or away. Bad: red, which is any, and where LogLinesDropped fires.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('LogLinesDropped')),
    expr: 'sum(increase(telemetry_log_lines_dropped_total[5m]))',
  });
}

/** What a line says, without the numbers and ids in it, so that the same error is the same line. */
const PATTERN = `${PARSED} | label_format said=\`{{regexReplaceAll "[0-9a-f-]{8,}|[0-9]+" (printf "%s %s" (or .message __line__) .cause) "…"}}\``;

export function newErrors(width: number): Panel {
  const errors = `{${CHOSEN}, level="error"} ${PATTERN}`;
  return logTable({
    title: 'New errors',
    description:
      'What was said at error within the last hour, and not in the day before it. Bad: any row: something has begun.',
    width,
    whenEmpty: 'No error that was not there yesterday',
    emptyWhenHealthy:
      'nothing new goes wrong; a drill of a kind that was not run for a day fills it',
    rows: { service_name: 'Service', said: 'What is said' },
    sortBy: 'Lines',
    columns: [
      {
        title: 'Lines',
        expr: `topk(20, sum by (service_name, said) (count_over_time(${errors} [1h])) unless sum by (service_name, said) (count_over_time(${errors} [1d] offset 1h)))`,
        unit: 'short',
      },
    ],
  });
}

export function frequentErrors(width: number): Panel {
  return logTable({
    title: 'Errors and warnings of the last hour',
    description:
      'What was said most often at error and warn; numbers and ids are left out. Bad: any error; a warning with many times its usual.',
    width,
    whenEmpty: 'No error and no warning',
    emptyWhenHealthy: 'nothing goes wrong; a refused login fills it',
    rows: { level: 'Level', service_name: 'Service', said: 'What is said' },
    sortBy: 'Lines',
    columns: [
      {
        title: 'Lines',
        expr: `topk(20, sum by (level, service_name, said) (count_over_time({${CHOSEN}, level=~"error|warn"} ${PATTERN} [1h])))`,
        unit: 'short',
      },
    ],
  });
}

/** The chosen lines, searched by text, request and trace: what is not typed in matches all. */
export function chosenLines(width: number): Panel {
  return logTail({
    title: 'Lines of your choice',
    description:
      'The newest lines of the services and levels chosen above, that contain the text, and belong to the request and trace, typed in there. Open one for its fields, and the link to its trace. Bad: errors; what a request id that a customer sent finds.',
    width,
    height: 18,
    selector: `{${CHOSEN}, level=~"$level"} |= \`$text\` | requestId=~\`$requestId.*\` | trace_id=~\`$traceId.*\``,
  });
}
