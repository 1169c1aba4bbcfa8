// What is rightly empty on a healthy day says what would fill it: here all of that happens at once, and every such panel has data.
// It leaves incidents in the books, and alerts that go on for some minutes.

import { randomUUID } from 'node:crypto';

import { dashboardQueries } from '@crows-nest/grafana/queries';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { guessPasswords } from '../drills/attacks.ts';
import { stopped } from '../drills/containers.ts';
import { customers, deposit } from '../drills/customers.ts';
import { whileBroken } from '../drills/drill.ts';
import { fault } from '../drills/faults.ts';
import { again, together } from '../drills/ways.ts';

import { call, cheapest, demand, market, signUp, trade } from './customer.ts';
import { ask, nameOf } from './dashboards.ts';
import { sql } from './ledger.ts';
import { waitFor, waitUntilWell } from './stack.ts';

/** What cannot be had on this stack, and why. */
const elsewhere: Record<string, string> = {
  Certificates: 'nothing within the compose network is asked by HTTPS',
  'Held back by a CPU limit': 'the compose files set no CPU limit',
};

/** Everything that goes wrong while the panels are looked at. */
const mishaps = together(
  fault('errors', { ratio: 0.3, route: '/api/portfolio' }),
  fault('latency', { milliseconds: 1500, route: '/api/characters/:id' }),
  fault('slow-sql', { milliseconds: 150 }),
  guessPasswords(),
  customers(2, 200, async ({ token }) => {
    await call('GET', '/api/portfolio', { token });
    await call('GET', '/api/characters/pip-saltwhistle', { token });
  }),
  customers(1, 1000, deposit('card_error')),
  customers(1, 1000, deposit('card_expired')),
  // Taken for ten seconds: some are always pending.
  customers(2, 2000, deposit('card_slow')),
  again(5000, browse),
);

/** A page is loaded by a browser, as far as the API can tell. */
function browse() {
  const items = [{ kind: 'vital', name: 'LCP', value: 2.1 }];
  return call('POST', '/api/telemetry', { body: { items } });
}

/** Somebody new trades, says how it was, and buys so much of one character that trading in it is halted. */
async function makeAStir(): Promise<void> {
  const customer = await signUp();
  const characterId = await cheapest(customer);
  await trade(customer, { characterId, quantity: 1, action: 'buy' });
  await demand(200, 'POST', '/api/feedback', { token: customer.token, body: { rating: 4 } });

  const headers = { 'idempotency-key': randomUUID() };
  const body = { amount: 1_000_000_000, card: 'card_good' };
  await demand(202, 'POST', '/api/payments/deposits', { token: customer.token, headers, body });
  const { cash, characters } = await waitFor('the money to come', 30, async (see) => {
    const found = see(await market(customer));
    return found.cash > body.amount / 2 && found;
  });
  const offered = characters.find(({ id }) => id === characterId);
  const quantity = Math.floor((0.9 * cash) / (offered?.ask ?? cash));
  await trade(customer, { characterId, quantity, action: 'buy' });
}

/** How many outages of what this stops have begun, or ended, as the books have it. */
async function outages(which: 'begun' | 'ended'): Promise<number> {
  const column = which === 'begun' ? 'started_at' : 'resolved_at';
  const [[count] = []] = await sql(
    `SELECT count(${column}) FROM incidents WHERE alertname = 'ServiceDown' AND service = '${stops}'`,
  );
  return Number(count);
}

/** Nobody but the lookout asks it. */
const stops = 'redis-exporter';

beforeAll(async () => {
  await mishaps.break();
  await makeAStir();
  const before = await outages('begun');
  await whileBroken(stopped(stops), () =>
    waitFor('an incident to begin', 120, async (see) => see(await outages('begun')) > before),
  );
  await waitFor('it to end', 180, async (see) => see(await outages('ended')) > before);
}, 400_000);

afterAll(async () => {
  await mishaps.heal();
  await waitUntilWell(90);
});

const quiet = dashboardQueries('defaults').filter(
  // Of the load tests' dashboard a load test sees to it: dashboards.stack.test.ts.
  ({ asker, expectsData, dashboard }) =>
    asker.kind === 'panel' && !expectsData && dashboard !== 'k6',
);

test.each(
  quiet
    .filter(({ asker }) => !(asker.title in elsewhere))
    .map((one) => ({ ...one, name: nameOf(one) })),
)('$name has data when something is wrong', async (one) => {
  await waitFor(`data for ${one.expr}`, 60, async (see) => see(await ask(one)).length > 0);
});

test('what is not tried here is a panel that says it is empty', () => {
  const titles = new Set(quiet.map(({ asker }) => asker.title));
  expect(Object.keys(elsewhere).filter((title) => !titles.has(title))).toEqual([]);
});
