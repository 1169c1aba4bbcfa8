import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '@crows-nest/telemetry';

/** Something done again and again. */
export interface Task {
  name: string;
  everyMs: number;
  /** Long work looks at the signal now and then, and leaves the rest when it is aborted. */
  run: (stop: AbortSignal) => Promise<void>;
}

/**
 * Runs each task at once and then at its interval, never twice at a time; a failure is logged, and the next round tries again.
 * How long each takes is in `operation_duration_seconds`.
 */
export function startBackground(tasks: Task[], logger: Logger): { close(): Promise<void> } {
  const stop = new AbortController();
  const loops = tasks.map(async ({ name, everyMs, run }) => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await run(stop.signal).catch((error: unknown) => {
        logger.warn('Background task failed', { task: name, error });
      });
      performance.measure(`task.${name}`, { start });
      await wait(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  });
  return {
    async close() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}
