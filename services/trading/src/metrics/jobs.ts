import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from './registry.ts';

/** What happens later: jobs as they run, and what waits, looked up in the background. */
export function createJobMetrics(registry: Registry) {
  const registers = [registry];
  return {
    jobsProcessed: new Counter({
      name: 'jobs_processed_total',
      help: 'Jobs run, by how they ended',
      labelNames: ['queue', 'name', 'outcome'] as const,
      registers,
    }),
    jobDuration: new Histogram({
      name: 'job_duration_seconds',
      help: 'Time a job ran',
      labelNames: ['queue', 'name'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    jobWait: new Histogram({
      name: 'job_wait_seconds',
      help: 'Time from the event that a job is about to its first run',
      labelNames: ['queue', 'name'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
    jobQueueDepth: new Gauge({
      name: 'job_queue_depth',
      help: 'Jobs in a queue, by state',
      labelNames: ['queue', 'state'] as const,
      registers,
    }),
    outboxLag: new Gauge({
      name: 'outbox_lag_seconds',
      help: 'Age of the oldest message not yet handed to the queue',
      registers,
    }),
  };
}
