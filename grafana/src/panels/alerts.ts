import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { BAD, GOOD } from '../colours.ts';
import { toAlertInCell, toServiceDetails } from '../links.ts';
import { metricsPanel, redFrom, steps, type Panel } from './panel.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** Watchdog always fires: it proves that alerting works. */
const FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}';

export function firingAlerts(width: number): Panel {
  return stat({
    title: 'Firing alerts',
    description: 'Alerts that are firing now. Bad: anything but 0; the table below says which.',
    unit: 'short',
    width,
    thresholds: redFrom(1),
    expr: `count(${FIRING}) or vector(0)`,
  });
}

export function firingAlertsTable(width: number): Panel {
  return table({
    title: 'What is firing',
    description:
      'Each firing alert and since when its condition holds. Bad: any row; critical ones first need a person. Click its name for its rule and runbook.',
    width,
    height: 6,
    emptyWhenHealthy: true,
    whenEmpty: 'No alert is firing',
    rows: { alertname: 'Alert', severity: 'Severity', service: 'Service' },
    rowLinks: { Alert: [toAlertInCell] },
    sortBy: 'Since',
    columns: [
      {
        title: 'Since',
        // Seconds to milliseconds. ALERTS_FOR_STATE holds when the condition began, ALERTS whether the alert fires.
        expr: `1000 * max by (alertname, severity, service) (ALERTS_FOR_STATE and ignoring (alertstate) ${FIRING})`,
        unit: 'dateTimeFromNow',
      },
    ],
  });
}

/** One tile a service: all of them at a glance, also from across the room. */
export function serviceTiles(width: number): Panel {
  const builder = new PanelBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Name)
    .colorMode(BigValueColorMode.Background)
    .thresholds(
      steps([
        { value: null, color: BAD },
        { value: 1, color: GOOD },
      ]),
    );
  return metricsPanel(
    builder,
    {
      title: 'Services',
      description:
        'Green: at least one instance answers, and the probe that asks as a user would gets its answer. Bad: a red tile; or one that is missing.',
      unit: 'short',
      width,
      height: 6,
      links: [toServiceDetails],
    },
    [
      {
        expr: 'min by (service) (max by (service, job) (up{job!="probe"}) or max by (service, job) (probe_success))',
        legend: '{{service}}',
        instant: true,
      },
    ],
  );
}
