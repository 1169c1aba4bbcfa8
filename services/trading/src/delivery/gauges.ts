import type { Database, Statement } from '../database.ts';
import type { WorkerMetrics } from '../metrics/roles.ts';
import type { Task } from '../worker/background.ts';
import { doraFigures } from './dora.ts';

const WINDOW_MS = 30 * 86_400_000;

// Alertmanager repeats an alert that fires every four hours. One that was silenced and then ended is not spoken of again.
const countOpenIncidents: Statement = {
  name: 'count_open_incidents',
  operation: 'select',
  table: 'incidents',
  text: `SELECT count(*) AS count FROM incidents WHERE resolved_at IS NULL AND heard_at > now() - interval '1 day'`,
};

/** Looks up incidents that are open, and of this environment over 30 days the deployments and their change failure rate, which has no value without any. */
export function deliveryGaugesTask(
  database: Database,
  environment: string,
  metrics: Pick<WorkerMetrics, 'incidentsOpen' | 'recentDeployments' | 'changeFailureRate'>,
): Task {
  return {
    name: 'delivery',
    everyMs: 15_000,
    async run() {
      const [open] = await database.query<{ count: number }>(countOpenIncidents);
      metrics.incidentsOpen.set(open?.count ?? 0);
      const to = new Date();
      const from = new Date(to.getTime() - WINDOW_MS);
      const { changeFailureRate } = await doraFigures(database, { environment, from, to });
      metrics.recentDeployments.set(changeFailureRate.deployments);
      if (changeFailureRate.ratio === null) metrics.changeFailureRate.remove();
      else metrics.changeFailureRate.set(changeFailureRate.ratio);
    },
  };
}
