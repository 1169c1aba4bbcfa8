import { type Telemetry, verifyNewest } from '@crows-nest/telemetry';
import type { WorkerMetrics } from '../metrics/roles.ts';
import type { Task } from './background.ts';

export interface AuditLogsDependencies {
  telemetry: Pick<Telemetry, 'logger'>;
  metrics: Pick<WorkerMetrics, 'auditLogFaults'>;
}

/** Verifies the newest audit log of every process that writes into the directory; tells which lines are wrong, and how many. */
export function auditLogsTask(
  directory: string,
  { telemetry, metrics }: AuditLogsDependencies,
): Task {
  return {
    name: 'audit logs',
    // A full file takes a fifth of a second.
    everyMs: 300_000,
    async run() {
      // Without an answer there is no value: an old 0 would say that the logs have been looked at.
      const verdicts = await verifyNewest(directory).catch((error: unknown) => {
        metrics.auditLogFaults.remove();
        throw error;
      });
      const faults = verdicts.flatMap(({ wrong }) => wrong);
      metrics.auditLogFaults.set(faults.length);
      // The first says where to begin; of many, the others mostly follow from it.
      if (faults[0]) {
        telemetry.logger.error('Audit log broken', { faults: faults.length, first: faults[0] });
      }
    },
  };
}
