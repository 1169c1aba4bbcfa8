// The questions of the dashboards, put to the data sources as Grafana would.

import type { DashboardQuery } from '@crows-nest/grafana/queries';

import { seriesOf } from './lookout.ts';

/** Names a question for a reader: the dashboard, who asks, and which of its queries. */
export function nameOf({ dashboard, asker, refId }: DashboardQuery): string {
  return `${dashboard}, ${asker.kind} "${asker.title}", ${refId}`;
}

/** What a dashboard's question is answered now: series, traces or rows. */
export function ask({ datasource, expr, instant }: DashboardQuery): Promise<unknown[]> {
  return seriesOf(datasource, expr, { instant });
}
