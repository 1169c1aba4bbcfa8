// The books, after many customers have traded at once: whatever the API answered, the ledger says the same.

import { beforeAll, expect, test } from 'vitest';

import { type Customer, type Market, call, market, signUp, trade } from './customer.ts';
import { sql } from './ledger.ts';
import { query } from './lookout.ts';
import { waitFor } from './stack.ts';

const startingCredit = 1_000_000;
const customers: { customer: Customer; cash: number }[] = [];

/** Trades at random for a while and returns the cash that the answers add up to. */
async function tradeAtRandom(customer: Customer, { characters }: Market): Promise<number> {
  const pick = <T>(list: T[]): T | undefined => list[Math.floor(Math.random() * list.length)];
  const held = new Map<string, number>();
  let cash = startingCredit;
  for (let n = 0; n < 25; n++) {
    const owned = pick([...held.keys()]);
    const order =
      owned !== undefined && Math.random() < 0.5
        ? { characterId: owned, quantity: 1, action: 'sell' as const }
        : { characterId: pick(characters)?.id ?? '', quantity: 1, action: 'buy' as const };
    const cost = characters.find(({ id }) => id === order.characterId)?.ask ?? 0;
    if (order.action === 'buy' && cash < 2 * cost) continue;

    const receipt = await trade(customer, order);
    const { amount, commission } = receipt.trade;
    cash += (order.action === 'buy' ? -amount : amount) - commission;
    if (receipt.quantity > 0) held.set(order.characterId, receipt.quantity);
    else held.delete(order.characterId);
  }
  return cash;
}

beforeAll(async () => {
  const crew = await Promise.all(Array.from({ length: 8 }, () => signUp()));
  const [first] = crew;
  if (first === undefined) throw new Error('nobody signed up');
  const opening = await market(first);
  customers.push(
    ...(await Promise.all(
      crew.map(async (customer) => ({ customer, cash: await tradeAtRandom(customer, opening) })),
    )),
  );
});

test('every customer has the cash that the answers to all trades add up to', async () => {
  for (const { customer, cash } of customers) {
    expect((await market(customer)).cash, customer.username).toBe(cash);
  }
});

test('the ledger as a whole sums to zero, asset by asset', async () => {
  expect(
    await sql(`SELECT a.asset, sum(e.amount) FROM entries e JOIN accounts a ON a.id = e.account_id
               GROUP BY a.asset HAVING sum(e.amount) <> 0`),
  ).toEqual([]);
  expect(Number((await sql('SELECT count(*) FROM entries'))[0]?.[0])).toBeGreaterThan(0);
});

test('every transfer sums to zero, and every balance is the sum of its entries', async () => {
  expect(await sql('SELECT * FROM ledger_differences')).toEqual([]);
});

test('no customer’s balance is negative', async () => {
  expect(
    await sql(`SELECT a.user_id, a.asset, sum(e.amount) FROM entries e JOIN accounts a ON a.id = e.account_id
               WHERE a.purpose = 'customer' GROUP BY a.user_id, a.asset HAVING sum(e.amount) < 0`),
  ).toEqual([]);
});

test('one customer who orders twice at once for all the cash gets one of the two', async () => {
  const customer = await signUp();
  const { characters, cash } = await market(customer);
  const [dear] = characters.toSorted((a, b) => b.ask - a.ask);
  if (dear === undefined) throw new Error('the market lists no character');
  // More than half of what there is: one fits, two do not.
  const quantity = Math.ceil((cash * 0.6) / dear.ask);
  const replies = await Promise.all(
    ['one', 'two'].map((key) =>
      call('POST', '/api/trade', {
        token: customer.token,
        headers: { 'idempotency-key': key },
        body: { characterId: dear.id, quantity, action: 'buy' },
      }),
    ),
  );
  expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409]);
});

test('the gauge that watches over the books says so too', async () => {
  await waitFor('ledger_imbalance at 0 for every asset', 60, async (see) => {
    const samples = see(await query('ledger_imbalance'));
    return samples.length > 0 && samples.every(({ value }) => Number(value[1]) === 0);
  });
});
