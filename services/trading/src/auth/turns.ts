import { unavailable } from '../problem.ts';

/**
 * Runs work a few at a time, in the order it comes; a bounded number waits.
 *
 * @returns a function that runs `work` when its turn has come, and throws a 503 problem when too many wait
 */
export function createTurns(atOnce: number, mayWait: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (waiting.length >= mayWait) {
        throw unavailable(
          'busy',
          'Too many people are logging in at once. Try again in a moment.',
          1,
        );
      }
      // The one who leaves hands over the place, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
