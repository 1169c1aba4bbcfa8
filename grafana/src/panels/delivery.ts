import { BAD, GOOD } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { fromLabel, several } from '../variables.ts';
import { graph } from './graph.ts';
import { redFrom, type Panel } from './panel.ts';
import { sqlBars, sqlStat, sqlTable } from './sql.ts';
import { stat } from './stat.ts';

/**
 * DORA's four key figures (https://dora.dev/guides/dora-metrics-four-keys/) of the last 30 days, from the books: these keep
 * deployments and incidents for good, and metrics only as long as Prometheus does. They mean what /dora means by them.
 */

/** `%` is any, in the patterns of SIMILAR TO. */
export const environment = several(
  fromLabel('environment', 'Environment', 'deployments_total'),
).allValue('%');

const CHOSEN = "environment SIMILAR TO '(${environment:pipe})'";
const NO_INCIDENT = 'a healthy system has no incident; any drill fills it';

export function frequency(width: number): Panel {
  return sqlStat({
    title: 'Deployments a week',
    description:
      'That succeeded, over the last 30 days. Bad: below 1: changes pile up, and each deployment is a risk (LowDeploymentFrequency).',
    unit: 'short',
    decimals: 1,
    width,
    sql: `SELECT count(*) FILTER (WHERE outcome = 'succeeded') * 7 / 30.0 FROM reporting.deployments WHERE ${CHOSEN}`,
  });
}

export function leadTime(width: number): Panel {
  return sqlStat({
    title: 'Lead time',
    description:
      'From the oldest commit in a deployment to its success: the median of 30 days. Bad: red, a week; LongLeadTime has the same limit, over 14 days.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('LongLeadTime')),
    sql: `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM deployed_at - committed_at)) FILTER (WHERE outcome = 'succeeded')
FROM reporting.deployments WHERE ${CHOSEN}`,
    whenEmpty: 'no deployment',
  });
}

export function failureRate(width: number): Panel {
  return sqlStat({
    title: 'Change failure rate',
    description:
      'Share of the deployments of 30 days that failed, or were followed by a critical incident within an hour. Bad: red, which is where HighChangeFailureRate fires, from five deployments on.',
    unit: 'percentunit',
    decimals: 0,
    width,
    thresholds: redFrom(thresholdOf('HighChangeFailureRate')),
    sql: `SELECT count(*) FILTER (WHERE failed)::float / nullif(count(*), 0) FROM reporting.deployments WHERE ${CHOSEN}`,
    whenEmpty: 'no deployment',
  });
}

export function recoveryTime(width: number): Panel {
  return sqlStat({
    title: 'Time to recover',
    description:
      'From the start of an incident to its end: the median of 30 days. Bad: red, an hour; SlowRecovery has the same limit, over 7 days.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('SlowRecovery')),
    sql: `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - started_at)) FROM reporting.incidents WHERE ${CHOSEN}`,
    whenEmpty: 'no incident',
    emptyWhenHealthy: NO_INCIDENT,
  });
}

export function openIncidents(width: number): Panel {
  return stat({
    title: 'Open incidents',
    description: 'That have not ended. Bad: any for hours: nobody is at it.',
    unit: 'short',
    width,
    thresholds: redFrom(1),
    // Every worker looks up the same number.
    expr: 'max(incidents_open)',
  });
}

export function sinceLast(width: number): Panel {
  return sqlStat({
    title: 'Last deployment',
    description: 'How long ago the last one succeeded. Bad: over a week.',
    unit: 's',
    width,
    sql: `SELECT extract(epoch FROM now() - max(deployed_at)) FROM reporting.deployments WHERE outcome = 'succeeded' AND ${CHOSEN}`,
    whenEmpty: 'no deployment',
  });
}

export function deploymentsByDay(width: number): Panel {
  return sqlBars({
    title: 'Deployments by day, 30 days',
    description:
      'Bad: red ones, or days with many after days with none: they are saved up, which makes each a risk.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    colours: { 'went well': GOOD, failed: BAD },
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", count(*) FILTER (WHERE NOT failed) AS "went well", count(*) FILTER (WHERE failed) AS "failed"
FROM reporting.days LEFT JOIN reporting.deployments ON (deployed_at AT TIME ZONE 'UTC')::date = day AND ${CHOSEN}
GROUP BY day ORDER BY day`,
  });
}

export function leadTimeByDay(width: number): Panel {
  return sqlBars({
    title: 'Lead time by day, 30 days',
    description: 'The median of the deployments of each day. Bad: rising, or over a week.',
    unit: 's',
    width,
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM deployed_at - committed_at)), 0) AS "Lead time"
FROM reporting.days LEFT JOIN reporting.deployments
  ON (deployed_at AT TIME ZONE 'UTC')::date = day AND outcome = 'succeeded' AND ${CHOSEN}
GROUP BY day ORDER BY day`,
  });
}

export function incidentsByDay(width: number): Panel {
  return sqlBars({
    title: 'Incidents by day, 30 days',
    description:
      'Critical and warning alerts, each firing once. Bad: more on the days of deployments than on others.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    colours: { critical: BAD, warning: 'orange' },
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", count(*) FILTER (WHERE severity = 'critical') AS "critical",
  count(*) FILTER (WHERE severity = 'warning') AS "warning"
FROM reporting.days LEFT JOIN reporting.incidents ON (started_at AT TIME ZONE 'UTC')::date = day AND ${CHOSEN}
GROUP BY day ORDER BY day`,
  });
}

export function deployments(width: number): Panel {
  return sqlTable({
    title: 'Deployments',
    description:
      'The newest fifty of 30 days. Bad: one that failed, or an alert right after it: compare with the incidents.',
    width,
    units: { When: 'dateTimeFromNow', 'Lead time': 's' },
    sql: `SELECT deployed_at AS "When", environment AS "Environment", left(revision, 12) AS "Revision", outcome AS "Outcome",
  extract(epoch FROM deployed_at - committed_at) AS "Lead time", CASE WHEN failed THEN 'yes' ELSE 'no' END AS "Failed or followed by an incident"
FROM reporting.deployments WHERE ${CHOSEN} ORDER BY deployed_at DESC LIMIT 50`,
    whenEmpty: 'No deployment was reported',
    emptyWhenHealthy:
      'nothing was deployed where this folder is no git repository; `make up` reports one, and so does scripts/record-deployment.sh',
  });
}

export function incidents(width: number): Panel {
  return sqlTable({
    title: 'Incidents',
    description:
      'The newest fifty of 30 days. Bad: the same alert again and again: it was ended, and not mended.',
    width,
    units: { Began: 'dateTimeFromNow', Lasted: 's' },
    sql: `SELECT started_at AS "Began", alertname AS "Alert", service AS "Service", severity AS "Severity",
  extract(epoch FROM coalesce(resolved_at, now()) - started_at) AS "Lasted", CASE WHEN resolved_at IS NULL THEN 'open' ELSE 'ended' END AS "State"
FROM reporting.incidents WHERE ${CHOSEN} ORDER BY started_at DESC LIMIT 50`,
    whenEmpty: 'No incident',
    emptyWhenHealthy: NO_INCIDENT,
  });
}

export function incidentsByAlert(width: number): Panel {
  return sqlTable({
    title: 'Which alerts, 30 days',
    description:
      'How often each alert was an incident, and how long one lasted (median; one that is open until now). Bad: one on top week after week.',
    width,
    units: { 'Lasted (median)': 's' },
    sql: `SELECT alertname AS "Alert", count(*) AS "Times", percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM coalesce(resolved_at, now()) - started_at)) AS "Lasted (median)"
FROM reporting.incidents WHERE ${CHOSEN} GROUP BY alertname ORDER BY "Times" DESC`,
    whenEmpty: 'No incident',
    emptyWhenHealthy: NO_INCIDENT,
  });
}

export function openIncidentsGraph(width: number): Panel {
  return graph({
    title: 'Open incidents over time',
    description: 'Bad: anything that stays.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [{ expr: 'max(incidents_open)', legend: 'open' }],
  });
}
