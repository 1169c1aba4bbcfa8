import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { AnnotationQuery } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { BAD, GOOD, NEUTRAL, WARNING } from './colours.ts';
import { metrics } from './datasources.ts';

/** What Grafana's Prometheus data source understands beyond the SDK's type. */
interface MetricsAnnotation {
  name: string;
  iconColor: string;
  expr: string;
  /** `{{label}}` stands for a label's value. */
  titleFormat: string;
  textFormat: string;
  /** The value is the moment, in milliseconds, rather than a measurement at a moment. */
  useValueForTime?: boolean;
}

/** Spans of time in which an alert was firing. Watchdog, which always fires, says nothing. */
const alerts = annotation({
  name: 'Alerts',
  iconColor: BAD,
  expr: 'max by (alertname, service, severity) (ALERTS{alertstate="firing", alertname!="Watchdog"})',
  titleFormat: '{{alertname}}',
  textFormat: '{{severity}}: {{service}}',
});

/** Moments at which a process of ours started: a deployment, a restart, a crash, one replica more. */
const starts = annotation({
  name: 'Starts',
  iconColor: NEUTRAL,
  expr: '1000 * max by (service, version) (process_start_time_seconds * on (service, instance) group_left (version) build_info)',
  titleFormat: '{{service}} started',
  textFormat: 'version {{version}}',
  useValueForTime: true,
});

/** Moments at which a deployment was reported. The window is longer than a step, so that none falls between two. */
const deployments = annotation({
  name: 'Deployments',
  iconColor: GOOD,
  expr: 'sum by (environment, outcome) (increase(deployments_total[2m])) > 0',
  titleFormat: 'Deployment to {{environment}}',
  textFormat: '{{outcome}}',
});

/** Spans of time in which an incident was open. */
const incidents = annotation({
  name: 'Incidents',
  iconColor: WARNING,
  expr: 'max(incidents_open) > 0',
  titleFormat: 'Incident',
  textFormat: 'at least one is open',
});

/** What happened, drawn over every graph of every dashboard. */
export const annotations: Builder<AnnotationQuery>[] = [deployments, incidents, alerts, starts];

function annotation(query: MetricsAnnotation): Builder<AnnotationQuery> {
  const { expr, ...rest } = query;
  return {
    build: () => ({
      ...rest,
      datasource: metrics,
      enable: true,
      hide: false,
      expr,
      target: new DataqueryBuilder().refId(query.name).expr(expr).range().build(),
    }),
  };
}
