// What a trade sets off outside: one confirmation to the customer, once.

import { randomUUID } from 'node:crypto';

import { beforeAll, expect, test } from 'vitest';

import { type Customer, call, cheapest, signUp, trade } from './customer.ts';
import { inbox } from './lookout.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

let characterId: string;

beforeAll(async () => {
  characterId = await cheapest(await signUp());
});

async function mailsTo({ email }: Customer) {
  return (await inbox('mail')).filter(({ to }) => to.includes(email));
}

function waitForMails(customer: Customer, count: number, seconds: number) {
  return waitFor(`${count} mails to ${customer.email}`, seconds, async (see) => {
    const mails = see(await mailsTo(customer));
    return mails.length >= count && mails;
  });
}

test('each trade is confirmed to its customer by one mail', async () => {
  const customer = await signUp();
  for (const quantity of [1, 2, 3]) await trade(customer, { characterId, quantity, action: 'buy' });
  await waitForMails(customer, 3, 15);

  // Jobs begin in order, ten at a time: when a dozen later ones are done, a second copy of an earlier mail would be, too.
  const later = await signUp();
  for (let n = 0; n < 12; n++) await trade(later, { characterId, quantity: 1, action: 'buy' });
  await waitForMails(later, 12, 30);
  expect(await mailsTo(customer)).toHaveLength(3);
});

test('a repeated order is not confirmed again', async () => {
  const customer = await signUp();
  const headers = { 'idempotency-key': randomUUID() };
  const body = { characterId, quantity: 1, action: 'buy' };
  for (let n = 0; n < 3; n++) {
    const reply = await call('POST', '/api/trade', { token: customer.token, headers, body });
    expect(reply.status, reply.text).toBe(201);
  }
  await trade(customer, { characterId, quantity: 1, action: 'sell' });
  expect(await waitForMails(customer, 2, 15)).toHaveLength(2);
});

test('a trade made while the worker is away is confirmed when it is back, once', async () => {
  const customer = await signUp();
  await compose('stop', 'worker');
  try {
    await trade(customer, { characterId, quantity: 1, action: 'buy' });
  } finally {
    await compose('start', 'worker');
  }
  await waitForMails(customer, 1, 60);
  await trade(customer, { characterId, quantity: 1, action: 'sell' });
  expect(await waitForMails(customer, 2, 15)).toHaveLength(2);
  await waitUntilWell(60);
});
