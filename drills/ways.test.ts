import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import type { Way } from './drill.ts';
import { again, together } from './ways.ts';

/** Notes what is done to it; `fails` names what cannot be done. */
function noting(name: string, notes: string[], fails?: 'break' | 'heal'): Way {
  const act = (what: 'break' | 'heal') => () => {
    notes.push(`${what} ${name}`);
    return fails === what ? Promise.reject(new Error(`${what} ${name} failed`)) : Promise.resolve();
  };
  return { break: act('break'), heal: act('heal') };
}

test('together they are broken in order and healed in the opposite one', async () => {
  const notes: string[] = [];
  const way = together(noting('a', notes), noting('b', notes));
  await way.break();
  await way.heal();
  expect(notes).toEqual(['break a', 'break b', 'heal b', 'heal a']);
});

test('what cannot be broken stops the breaking', async () => {
  const notes: string[] = [];
  const way = together(noting('a', notes, 'break'), noting('b', notes));
  await expect(way.break()).rejects.toThrow('break a failed');
  expect(notes).toEqual(['break a']);
});

test('what cannot be healed is said, and does not keep the others from it', async () => {
  const notes: string[] = [];
  const way = together(noting('a', notes), noting('b', notes, 'heal'), noting('c', notes, 'heal'));
  await expect(way.heal()).rejects.toThrow('heal c failed');
  expect(notes).toEqual(['heal c', 'heal b', 'heal a']);
});

test('again and again, whatever becomes of each, until it is healed: then the last one has ended', async () => {
  let begun = 0;
  let ended = 0;
  const thirdTime = Promise.withResolvers<undefined>();
  const way = again(1, async () => {
    begun += 1;
    if (begun === 3) thirdTime.resolve(undefined);
    await setImmediate();
    ended += 1;
    throw new Error('refused');
  });
  await way.break();
  await thirdTime.promise;
  await way.heal();
  expect(ended).toBe(begun);
});

test('not before its time, and not at all when it is healed until then', async () => {
  let times = 0;
  const way = again(1, () => Promise.resolve((times += 1)), 3_600_000);
  await way.break();
  await way.heal();
  expect(times).toBe(0);
});

test('may be healed without having been broken, and broken anew afterwards', async () => {
  const once = Promise.withResolvers<undefined>();
  const way = again(1, () => {
    once.resolve(undefined);
    return Promise.resolve();
  });
  await way.heal();
  await way.break();
  await once.promise;
  await way.heal();
});
