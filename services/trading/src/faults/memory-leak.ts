import { readFileSync } from 'node:fs';
import { every } from './every.ts';
import type { Faults } from './faults.ts';

const MEGABYTE = 1_000_000;
const MOST_BYTES = 200 * MEGABYTE;
/** Of what the container may have: near enough to be noticed, and far enough from being killed. */
const MOST_OF_LIMIT = 0.92;

/**
 * Takes more memory every second, and gives all of it back to the system when the fault is over. Where the process itself needs more
 * meanwhile, some is given back before.
 */
export function leakMemory(faults: Faults): { close(): void } {
  // Grows and shrinks in place. Until it does it is an address and no memory.
  const held = new ArrayBuffer(0, { maxByteLength: MOST_BYTES });
  return every(1000, () => {
    const fault = faults.on('memory-leak');
    const before = held.byteLength;
    const size = fault
      ? sizeAfter({
          held: before,
          step: fault.megabytesPerSecond * MEGABYTE,
          own: ownBytes(),
          limit: process.constrainedMemory(),
        })
      : 0;
    held.resize(size);
    // Memory that was never written to would not be there.
    if (size > before) new Uint8Array(held, before).fill(1);
  });
}

/** How much to hold next, in bytes. @param limit of the container; beyond any machine where there is none */
export function sizeAfter(now: {
  held: number;
  step: number;
  /** What the process has by now, with what is held. */
  own: number;
  limit: number;
}): number {
  const room = MOST_OF_LIMIT * now.limit - now.own;
  return Math.floor(Math.max(0, Math.min(now.held + Math.min(now.step, room), MOST_BYTES)));
}

/** What the process has to itself: not the program's text, which the system could drop, and which is counted elsewhere. */
function ownBytes(): number {
  try {
    const [, kilobytes] =
      /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return process.memoryUsage.rss(); // no Linux
  }
}
