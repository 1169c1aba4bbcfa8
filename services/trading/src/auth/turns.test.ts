import { setImmediate as soon } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Problem } from '../problem.ts';
import { createTurns } from './turns.ts';

test('of a rush, some are worked on and some wait; the others are told to come back, and later all is as before', async () => {
  const inTurn = createTurns(4, 10);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (n: number) => async () => {
    running += 1;
    most = Math.max(most, running);
    await soon();
    running -= 1;
    order.push(n);
    if (n === 3) throw new Error('one that fails');
  };
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => inTurn(work(n))));

  expect(most).toBe(4);
  expect(order).toEqual(Array.from({ length: 14 }, (_, n) => n));
  expect(results[3]).toMatchObject({ reason: { message: 'one that fails' } });
  for (const refused of results.slice(14)) {
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(Problem) as Problem });
    expect(refused).toMatchObject({ reason: { status: 503, headers: { 'Retry-After': '1' } } });
  }
  await inTurn(work(20));
  expect(running).toBe(0);
});
