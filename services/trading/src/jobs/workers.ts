import { setTimeout as wait } from 'node:timers/promises';
import { Worker, type Job } from 'bullmq';
import { runWithCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { Faults } from '../faults/faults.ts';
import { stallWorkers } from '../faults/worker-stall.ts';
import type { WorkerMetrics } from '../metrics/roles.ts';
import { blockingConnection } from '../redis.ts';
import type { JobData } from './queues.ts';
import { isTopic, QUEUE_NAMES, type JobHandlers } from './topics.ts';

/** Jobs of one queue that run at a time. */
const AT_ONCE = 10;
const CLOSE_LIMIT_MS = 10_000;
/** How often a job may be taken up again after its worker died in the middle of it; BullMQ's own 1 would give it up at the second. */
const STALLS = 100;
/** How long after an error of Redis it is asked for jobs again; BullMQ's own 15 s would be felt. */
const RETRY_MS = 1000;

export interface JobsOptions {
  redisUrl: string;
  handlers: JobHandlers;
  telemetry: Pick<Telemetry, 'logger'>;
  metrics: Pick<WorkerMetrics, 'jobsProcessed' | 'jobDuration' | 'jobWait'>;
  /** worker-stall, where it may be on. */
  faults?: Faults | undefined;
}

/** Works on all queues until closed; closing waits for jobs that are under way. A job that fails goes back, with a delay. */
export function startJobs({ redisUrl, handlers, telemetry, metrics, faults }: JobsOptions): {
  close(): Promise<void>;
} {
  const process = async (job: Job<JobData>) => {
    const labels = { queue: job.queueName, name: job.name };
    const started = performance.now();
    if (job.attemptsMade === 0) {
      metrics.jobWait.observe(labels, Math.max(0, Date.now() - job.data.occurredAt) / 1000);
    }
    let outcome = 'completed';
    try {
      if (!isTopic(job.name)) throw new Error(`No handler for jobs of the name ${job.name}`);
      await handlers[job.name](job.data.payload);
    } catch (error) {
      outcome = 'failed';
      telemetry.logger.error('Job failed', {
        queue: job.queueName,
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

  const workers = QUEUE_NAMES.map((name) => {
    const worker = new Worker<JobData>(
      name,
      (job) => runWithCarrier(job.data.carrier, () => process(job)),
      {
        connection: blockingConnection(redisUrl),
        concurrency: AT_ONCE,
        runRetryDelay: RETRY_MS,
        maxStalledCount: STALLS,
      },
    );
    worker.on('error', (error) => {
      telemetry.logger.debug('Worker: Redis is away', { queue: name, error: error.message });
    });
    return worker;
  });
  const stalling = faults && stallWorkers(workers, faults);
  return {
    // While Redis is away BullMQ would wait for it without end. A job that cannot report that it is done is then taken up
    // by another worker when its lock has expired, and finds its work done.
    async close() {
      stalling?.close();
      const closed = Promise.all(workers.map((worker) => worker.close()));
      await Promise.race([closed, wait(CLOSE_LIMIT_MS, undefined, { ref: false })]);
    },
  };
}
