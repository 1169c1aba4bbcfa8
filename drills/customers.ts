// Customers who do more of something than the default traffic does, so that a drill need not wait for it.

import { randomUUID } from 'node:crypto';

import { call, cheapest, type Customer, signUp, trade } from '../tests/customer.ts';
import type { Way } from './drill.ts';
import { again, together } from './ways.ts';

/** Signs customers up, and has each do something over and over again. */
export function customers(
  count: number,
  everyMs: number,
  act: (customer: Customer) => Promise<unknown>,
): Way {
  let crew: Customer[] = [];
  const acting = Array.from({ length: count }, (_, n) =>
    again(everyMs, async () => {
      const customer = crew[n];
      if (customer) await act(customer);
    }),
  );
  return together(
    {
      break: async () => (crew = await Promise.all(acting.map(() => signUp('drill')))),
      heal: () => Promise.resolve(),
    },
    ...acting,
  );
}

/** A share is bought and sold again. */
export async function tradeBackAndForth(customer: Customer): Promise<void> {
  const characterId = await cheapest(customer);
  await trade(customer, { characterId, quantity: 1, action: 'buy' });
  await trade(customer, { characterId, quantity: 1, action: 'sell' });
}

/** Money is paid in, with a card of services/outside/README.md. */
export function deposit(card: string): (customer: Customer) => Promise<unknown> {
  return (customer) =>
    call('POST', '/api/payments/deposits', { ...once(customer), body: { amount: 10_000, card } });
}

/** The real-time plan is asked for. */
export function subscribe(card: string): (customer: Customer) => Promise<unknown> {
  return (customer) => call('POST', '/api/subscription', { ...once(customer), body: { card } });
}

/** As this customer, and each time anew. */
function once({ token }: Customer) {
  return { token, headers: { 'idempotency-key': randomUUID() } };
}
