import { every } from './every.ts';
import type { Faults } from './faults.ts';

const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks the event loop once a second, as a long computation would, but by waiting: other processes of the machine keep their share
 * of the processors.
 */
export function blockEventLoop(faults: Faults): { close(): void } {
  return every(1000, () => {
    const fault = faults.on('event-loop-block');
    if (fault) Atomics.wait(nobody, 0, 0, fault.milliseconds);
  });
}
