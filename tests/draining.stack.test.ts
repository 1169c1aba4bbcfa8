// Replicas come and go under load: one that is stopped finishes what it has accepted, and the others take the rest.

import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { call, cheapest, type Customer, type Reply, signUp } from './customer.ts';
import { command, compose, containers, serviceOf, waitUntilWell } from './stack.ts';

const replicas = 3;
let customers: Customer[];

beforeAll(async () => {
  await compose('up', '--detach', '--no-recreate', '--scale', `api=${replicas}`, 'api');
  await waitUntilWell(90);
  customers = await Promise.all(Array.from({ length: 6 }, () => signUp()));
});

afterAll(async () => {
  await compose('up', '--detach', '--no-recreate', '--scale', 'api=1', 'api');
  await waitUntilWell(90);
});

test('with three replicas, each of which is stopped and started again in its turn, no request fails', async () => {
  const characterId = await cheapest(customers[0] as Customer);
  const failed: Reply[] = [];
  const ids = new Set<string>();
  let trades = 0;
  let going = true;
  const load = customers.map(async ({ token }, n) => {
    for (let i = 0; going; i += 1) {
      const action = i % 2 === 0 ? 'buy' : 'sell';
      const reply = await call('POST', '/api/trade', {
        token,
        headers: { 'idempotency-key': `drain-${n}-${i}` },
        body: { characterId, quantity: 1, action },
      });
      if (reply.status === 201) {
        trades += 1;
        ids.add((JSON.parse(reply.text) as { trade: { id: string } }).trade.id);
      } else if (!reply.text.includes('/problems/trading-halted')) {
        // The market halts a character whose price moves too far: an answer as well.
        failed.push(reply);
      }
      const read = await call('GET', '/api/portfolio', { token });
      if (read.status !== 200) failed.push(read);
      // As much as keeps every replica busy; as fast as they can, two cores would have nothing left to start one with.
      await sleep(50);
    }
  });

  const running = (await containers()).filter((container) => serviceOf(container) === 'api');
  expect(running).toHaveLength(replicas);
  for (const { Id } of running) {
    await sleep(3000);
    await command('docker', ['stop', Id]);
    await sleep(3000);
    await command('docker', ['start', Id]);
    await waitUntilWell(60);
  }
  going = false;
  await Promise.all(load);

  expect(failed).toEqual([]);
  expect(trades).toBeGreaterThan(100);
  // One trade each, none carried out twice on the way from a replica that stopped.
  expect(ids.size).toBe(trades);
});
