import type { LineSink } from '../logs/queue.ts';
import { outsideOfRequests } from '../outside.ts';

/** Milliseconds that one request to a receiver of log lines may take. */
export const REQUEST_LIMIT_MS = 5_000;

/** Sends lines, oldest first; fails when they should be sent again. The signal ends it: the process is about to end. */
export type Send = (lines: string[], closing: AbortSignal) => Promise<void>;

/** A sink for a `LineQueue` that is elsewhere on the network. */
export function remoteSink(send: Send): LineSink {
  const closing = new AbortController();
  return {
    async write(lines) {
      const each = lines.toString().trimEnd().split('\n');
      await outsideOfRequests(() => send(each, closing.signal));
    },
    writeNow() {
      // Nothing can be sent any more; standard output and the file have the lines.
    },
    close() {
      closing.abort();
      return Promise.resolve();
    },
  };
}
