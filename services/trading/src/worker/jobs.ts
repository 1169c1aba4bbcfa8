import { setTimeout as wait } from 'node:timers/promises';
import { Worker, type Job } from 'bullmq';
import { runWithCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { WorkerMetrics } from '../metrics.ts';
import { NOTIFICATIONS, type NotificationJob } from '../notifications/queue.ts';
import { blockingConnection } from '../redis.ts';

const AT_ONCE = 10;
const CLOSE_LIMIT_MS = 10_000;
/** How long after an error of Redis it is asked for jobs again; BullMQ's own 15 s would be felt. */
const RETRY_MS = 1000;

export interface JobsOptions {
  redisUrl: string;
  /** What each job does, by its name. */
  handlers: Record<string, (payload: NotificationJob['payload']) => Promise<void>>;
  telemetry: Pick<Telemetry, 'logger'>;
  metrics: Pick<WorkerMetrics, 'jobsProcessed' | 'jobDuration' | 'jobWait'>;
}

/** Works on the queue until closed; closing waits for jobs that are under way. A job that fails goes back, with a delay. */
export function startJobs({ redisUrl, handlers, telemetry, metrics }: JobsOptions): {
  close(): Promise<void>;
} {
  const process = async (job: Job<NotificationJob>) => {
    const labels = { queue: NOTIFICATIONS, name: job.name };
    const started = performance.now();
    if (job.attemptsMade === 0) {
      metrics.jobWait.observe(labels, Math.max(0, Date.now() - job.data.occurredAt) / 1000);
    }
    let outcome = 'completed';
    try {
      const handler = handlers[job.name];
      if (!handler) throw new Error(`No handler for jobs of the name ${job.name}`);
      await handler(job.data.payload);
    } catch (error) {
      outcome = 'failed';
      telemetry.logger.error('Job failed', {
        queue: NOTIFICATIONS,
        job: job.name,
        jobId: job.id,
        attempt: job.attemptsMade + 1,
        error,
      });
      throw error;
    } finally {
      metrics.jobsProcessed.inc({ ...labels, outcome });
      metrics.jobDuration.observe(labels, (performance.now() - started) / 1000);
    }
  };

  const worker = new Worker<NotificationJob>(
    NOTIFICATIONS,
    (job) => runWithCarrier(job.data.carrier, () => process(job)),
    { connection: blockingConnection(redisUrl), concurrency: AT_ONCE, runRetryDelay: RETRY_MS },
  );
  worker.on('error', (error) => {
    telemetry.logger.debug('Worker: Redis is away', { error: error.message });
  });
  return {
    // While Redis is away BullMQ would wait for it without end. A job that cannot report that it is done is then taken up
    // by another worker when its lock has expired, and finds its work done.
    close: () => Promise.race([worker.close(), wait(CLOSE_LIMIT_MS, undefined, { ref: false })]),
  };
}
