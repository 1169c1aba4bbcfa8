import { expect, test } from 'vitest';

import { NotHealed, type Way, whileBroken } from './drill.ts';

/** Something that can be broken, and is only healed at the n-th attempt. */
function something({ healsAt = 1, breaks = true } = {}) {
  const state = { broken: false, attempts: 0 };
  const way: Way = {
    break() {
      state.broken = true;
      return breaks ? Promise.resolve() : Promise.reject(new Error('half broken'));
    },
    heal() {
      state.attempts += 1;
      if (state.attempts < healsAt) return Promise.reject(new Error('not now'));
      state.broken = false;
      return Promise.resolve();
    },
  };
  return { state, way };
}

test('work is done while it is broken, and then it is healed', async () => {
  const { state, way } = something();
  expect(await whileBroken(way, () => Promise.resolve(state.broken))).toBe(true);
  expect(state).toEqual({ broken: false, attempts: 1 });
});

test('what the work throws comes after the healing', async () => {
  const { state, way } = something({ healsAt: 3 });
  const work = whileBroken(way, () => Promise.reject(new Error('interrupted')), 0);
  await expect(work).rejects.toThrow('interrupted');
  expect(state.broken).toBe(false);
});

test('what could only half be broken is healed', async () => {
  const { state, way } = something({ breaks: false });
  await expect(whileBroken(way, () => Promise.resolve())).rejects.toThrow('half broken');
  expect(state.broken).toBe(false);
});

test('what cannot be healed is said, whatever else went wrong', async () => {
  const { state, way } = something({ healsAt: 99 });
  const work = whileBroken(way, () => Promise.reject(new Error('interrupted')), 0);
  await expect(work).rejects.toThrow(NotHealed);
  await expect(work).rejects.toThrow('not now');
  expect(state.attempts).toBe(5);
});
