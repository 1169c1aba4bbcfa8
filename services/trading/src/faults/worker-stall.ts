import type { Worker } from 'bullmq';
import { every } from './every.ts';
import type { Faults } from './faults.ts';

const LOOK_MS = 250;

/** Whether that part of the worker stands still. */
export function isStalled(faults: Faults | undefined, part: 'jobs' | 'outbox'): boolean {
  return faults?.on('worker-stall')?.part === part;
}

/** Keeps workers from taking jobs while the fault is on; jobs that are under way come to their end. */
export function stallWorkers(workers: Worker[], faults: Faults): { close(): void } {
  // Of one worker one after the other: BullMQ's own pause waits for its jobs, and does not expect to be resumed meanwhile.
  const changing = new Set<Worker>();
  return every(LOOK_MS, () => {
    const stalled = isStalled(faults, 'jobs');
    for (const worker of workers) {
      if (changing.has(worker) || worker.isPaused() === stalled) continue;
      changing.add(worker);
      void (stalled ? worker.pause() : worker.resume())
        .catch(() => undefined) // Redis is away: the worker says so, and takes none
        .finally(() => changing.delete(worker));
    }
  });
}
