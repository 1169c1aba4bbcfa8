import type { Faults } from './faults.ts';

const PERIOD_MS = 1000;
const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks the event loop once a second, as a long computation would, but by waiting: other processes of the machine keep their share
 * of the processors.
 */
export function blockEventLoop(faults: Faults): { close(): void } {
  let timer: NodeJS.Timeout;
  // Not an interval, which Node counts from the end of what it does: the block would not come each second but that much later.
  const turn = () => {
    const { milliseconds } = faults.on('event-loop-block') ?? { milliseconds: 0 };
    if (milliseconds > 0) Atomics.wait(nobody, 0, 0, milliseconds);
    timer = setTimeout(turn, PERIOD_MS - milliseconds).unref();
  };
  timer = setTimeout(turn, PERIOD_MS).unref();
  return {
    close() {
      clearTimeout(timer);
    },
  };
}
