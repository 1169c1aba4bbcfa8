import { toAlertInCell, toServiceDetails } from '../links.ts';
import { redFrom, type Panel } from './panel.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';
import { tiles } from './tiles.ts';

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
    height: 7,
    emptyWhenHealthy: 'no alert fires on a healthy day; any drill fills it',
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

export function serviceTiles(width: number): Panel {
  return tiles({
    title: 'Services',
    description:
      'Green: at least one instance answers, and the probe that asks as a user would gets its answer. Bad: a red tile; or one that is missing.',
    width,
    height: 7,
    links: [toServiceDetails],
    expr: 'min by (service) (max by (service, job) (up{job!="probe"}) or max by (service, job) (probe_success))',
    legend: '{{service}}',
  });
}
