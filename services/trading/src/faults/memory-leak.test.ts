import { expect, test } from 'vitest';
import { sizeAfter } from './memory-leak.ts';

const MB = 1_000_000;

test.each([
  ['as much as was asked for', { held: 50, step: 10, own: 100, limit: 1e9 }, 60],
  ['200 MB at most', { held: 195, step: 10, own: 300, limit: 1e9 }, 200],
  ['up to 92 % of what the container may have', { held: 50, step: 50, own: 210, limit: 250 }, 70],
  ['less again, when the process needs more', { held: 70, step: 50, own: 240, limit: 250 }, 60],
  ['nothing, where there is no room', { held: 0, step: 50, own: 240, limit: 250 }, 0],
])('a leak takes %s', (_what, { held, step, own, limit }, expected) => {
  const size = sizeAfter({ held: held * MB, step: step * MB, own: own * MB, limit: limit * MB });
  expect(size).toBe(expected * MB);
});
