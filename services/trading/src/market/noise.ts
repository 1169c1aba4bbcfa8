import { createHash } from 'node:crypto';

/** Standard normal numbers, each found by its place in the row: the same seed and place give the same number. */
export type Noise = (place: number) => number;

/** By the Box-Muller transform of two uniform numbers (https://en.wikipedia.org/wiki/Box-Muller_transform). */
export function createNoise(seed: string): Noise {
  const start = createHash('sha256').update(seed).digest().readUInt32LE(0);
  return (place) => {
    // 1 − u is never 0, whose logarithm there is not.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(start, 2 * place)));
    return radius * Math.cos(2 * Math.PI * uniform(start, 2 * place + 1));
  };
}

/**
 * A number in [0, 1) by mulberry32, whose state after n numbers is known without counting up to it. Not for secrets.
 */
function uniform(start: number, place: number): number {
  const state = (start + Math.imul(place + 1, 0x6d2b79f5)) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
