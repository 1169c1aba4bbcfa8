import type { Database, Statement } from '../database.ts';

/**
 * The four key figures of software delivery, after DORA (https://dora.dev/guides/dora-metrics-four-keys/), over a window:
 *
 * - deployment frequency, "how often application changes are deployed to production": deployments that succeeded, a day;
 * - lead time for changes, "the time it takes for a code commit or change to be successfully deployed to production": median from the
 *   oldest commit in a deployment to that deployment;
 * - change failure rate, "the percentage of deployments that cause failures in production": deployments that failed, or were
 *   followed by a critical incident within an hour, over all;
 * - time to restore service, "how long it generally takes to restore service when a service incident occurs": median from the start
 *   of an incident (a critical or warning alert) to its end.
 *
 * Each is null when there is nothing to compute it from, which is something else than 0.
 */
export interface Dora {
  deploymentFrequency: { perDay: number | null; deployments: number };
  leadTimeForChanges: { medianSeconds: number | null; deployments: number };
  changeFailureRate: { ratio: number | null; failed: number; deployments: number };
  timeToRestore: { medianSeconds: number | null; incidents: number };
}

export interface DoraWindow {
  environment: string;
  from: Date;
  to: Date;
}

const DAY_MS = 86_400_000;

const selectDora: Statement = {
  name: 'select_dora',
  operation: 'select',
  table: 'deployments',
  text: `WITH shipped AS (
           SELECT d.outcome = 'succeeded' AS succeeded, extract(epoch FROM d.deployed_at - d.committed_at) AS lead,
             d.outcome = 'failed' OR EXISTS (
               SELECT FROM incidents i WHERE i.environment = d.environment AND i.severity = 'critical'
                 AND i.started_at >= d.deployed_at AND i.started_at < d.deployed_at + interval '1 hour') AS failed
           FROM deployments d WHERE d.environment = $1 AND d.deployed_at > $2 AND d.deployed_at <= $3),
         restored AS (
           SELECT extract(epoch FROM resolved_at - started_at) AS seconds
           FROM incidents WHERE environment = $1 AND started_at > $2 AND started_at <= $3 AND resolved_at IS NOT NULL)
         SELECT count(*) AS deployments, count(*) FILTER (WHERE succeeded) AS succeeded, count(*) FILTER (WHERE failed) AS failed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY lead) FILTER (WHERE succeeded) AS lead,
           (SELECT count(*) FROM restored) AS incidents,
           (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM restored) AS restore
         FROM shipped`,
};

interface DoraRow {
  deployments: number;
  succeeded: number;
  failed: number;
  lead: number | null;
  incidents: number;
  restore: number | null;
}

/** Computes the figures of one environment. Seconds are to the millisecond. */
export async function doraFigures(
  database: Database,
  { environment, from, to }: DoraWindow,
): Promise<Dora> {
  const [row] = await database.query<DoraRow>(selectDora, [environment, from, to]);
  if (!row) throw new Error('Sums without a row');
  const { deployments, succeeded, failed, lead, incidents, restore } = row;
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  return {
    deploymentFrequency: {
      perDay: deployments === 0 ? null : succeeded / days,
      deployments: succeeded,
    },
    leadTimeForChanges: { medianSeconds: lead, deployments: succeeded },
    changeFailureRate: {
      ratio: deployments === 0 ? null : failed / deployments,
      failed,
      deployments,
    },
    timeToRestore: { medianSeconds: restore, incidents },
  };
}
