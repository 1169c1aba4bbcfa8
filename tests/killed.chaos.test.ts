// Not a cent is lost, doubled or invented, whatever is killed: customers go on through it all as any client would, sending again under the
// same Idempotency-Key until they have an answer, and afterwards the books say exactly what they were answered.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { createRandom } from '../services/trading/src/seed/random.ts';
import { testSeed } from '../services/trading/src/testing/seed.ts';

import { call, type CallOptions, demand, market, type Reply, signUp } from './customer.ts';
import { sql } from './ledger.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

interface Player {
  token: string;
  /** What was answered with 2xx. */
  trades: string[];
  orders: string[];
  deposits: string[];
  asked: number;
  /** What they do next is drawn from it. */
  random: () => number;
}

let players: Player[];
let characters: { id: string; bid: number; ask: number }[];

beforeAll(async () => {
  const crew = await Promise.all(Array.from({ length: 10 }, () => signUp()));
  const seed = testSeed();
  players = crew.map(({ token }, n) => {
    return {
      token,
      trades: [],
      orders: [],
      deposits: [],
      asked: 0,
      random: createRandom(seed + n),
    };
  });
  const [first] = crew;
  if (first === undefined) throw new Error('nobody signed up');
  characters = (await market(first)).characters.toSorted((a, b) => a.ask - b.ask).slice(0, 5);
});

afterAll(async () => {
  await compose('start', 'redis', 'api', 'worker', 'market');
  await waitUntilWell(90);
});

test('through kills and stops of everything, what was accepted is in the books once, and nothing else', async () => {
  let going = true;
  const playing = players.map(async (player) => {
    while (going) await act(player);
  });
  await disturb();
  going = false;
  await Promise.all(playing);
  await waitUntilWell(90);
  await settled();

  const totals = players.reduce((all, player) => all + player.trades.length, 0);
  expect(totals, 'trades that were accepted').toBeGreaterThan(50);
  expect(players.flatMap(({ orders }) => orders).length).toBeGreaterThan(20);
  expect(players.flatMap(({ deposits }) => deposits).length).toBeGreaterThan(10);
  for (const player of players) await hasWhatItWasAnswered(player);
  await everyTradeIsConfirmed();

  // Recomputed from the entries alone; exits 1 when anything differs.
  const audit = ['exec', '-T', 'worker', 'node', 'services/trading/src/ledger/audit-main.ts'];
  expect(await compose(...audit)).toContain('The books are right.');
});

/** One after the other: back ends, the cache, a replica, the jobs, and the market, all in the middle of their work. */
async function disturb(): Promise<void> {
  const pause = () => sleep(3000);
  const terminate =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
  await pause();
  for (let n = 0; n < 3; n += 1) {
    await sql(terminate);
    await sleep(500);
  }
  await pause();
  await compose('kill', '--signal', 'SIGKILL', 'worker');
  await pause();
  await compose('stop', 'redis');
  await pause();
  await compose('kill', '--signal', 'SIGKILL', 'api');
  await compose('start', 'redis', 'worker', 'api');
  await pause();
  await compose('kill', '--signal', 'SIGKILL', 'market', 'worker');
  await sql(terminate);
  await compose('start', 'market', 'worker');
  await pause();
  await compose('kill', '--signal', 'SIGKILL', 'redis');
  await compose('start', 'redis');
  await pause();
}

/** One thing that a customer does, at random. */
async function act(player: Player): Promise<void> {
  player.asked += 1;
  const { id, bid, ask } = characters[player.asked % characters.length] ?? {
    id: '',
    bid: 1,
    ask: 1,
  };
  const chance = player.random();
  if (chance < 0.5) {
    const action = player.random() < 0.6 ? 'buy' : 'sell';
    const reply = await insist(player, 'POST', '/api/trade', {
      characterId: id,
      quantity: 1,
      action,
    });
    if (reply.status === 201) player.trades.push(idIn(reply, 'trade'));
  } else if (chance < 0.8) {
    // Some are crossed at once, some rest.
    const side = player.random() < 0.6 ? 'buy' : 'sell';
    const limitPrice = Math.round((side === 'buy' ? ask : bid) * (0.98 + player.random() * 0.04));
    const body = { characterId: id, side, quantity: 1 + (player.asked % 3), limitPrice };
    const reply = await insist(player, 'POST', '/api/orders', body);
    if (reply.status === 201) player.orders.push(idIn(reply));
  } else if (chance < 0.9) {
    const order = player.orders[player.asked % player.orders.length];
    if (order !== undefined) await insist(player, 'DELETE', `/api/orders/${order}`);
  } else {
    const body = { amount: 1000 + player.asked, card: 'card_good' };
    const reply = await insist(player, 'POST', '/api/payments/deposits', body);
    if (reply.status === 202) player.deposits.push(idIn(reply, 'payment'));
  }
}

/** Asks until there is an answer other than "not now", under one key. */
async function insist(
  { token }: Player,
  method: string,
  path: string,
  body?: object,
): Promise<Reply> {
  const options: CallOptions = { token, headers: { 'idempotency-key': randomUUID() }, body };
  return waitFor(`an answer to ${method} ${path}`, 60, async (see) => {
    const reply = see(await call(method, path, options));
    if (reply.status >= 500 && reply.status !== 503 && reply.status !== 502) {
      expect.fail(`${method} ${path} answered ${reply.status}: ${reply.text}`);
    }
    return reply.status < 500 && reply;
  });
}

function idIn({ text }: Reply, within?: string): string {
  const body = JSON.parse(text) as Record<string, { id: string }> & { id: string };
  return within === undefined ? body.id : (body[within]?.id ?? '');
}

/** Until no payment is under way, so that what was deposited is there. */
async function settled(): Promise<void> {
  await waitFor('every payment to be settled', 120, async (see) => {
    const pending = await sql("SELECT id, kind, created_at FROM payments WHERE status = 'pending'");
    return see(pending).length === 0;
  });
}

/** Each trade leads to its mail, whichever worker died on the way. */
async function everyTradeIsConfirmed(): Promise<void> {
  await waitFor('a mail of every trade', 120, async (see) => {
    const missing = await sql(
      `SELECT t.id FROM trades t LEFT JOIN notifications n
         ON n.message_id = 'trade-confirmation-' || t.id || '@crows-nest.example'
       WHERE n.sent_at IS NULL AND t.executed_at < now() - interval '5 seconds'`,
    );
    return see(missing).length === 0;
  });
}

/** The customer has exactly the trades, orders and deposits that were accepted, and the cash that they come to. */
async function hasWhatItWasAnswered(player: Player): Promise<void> {
  const trades = await all<Trade>(player, 'trades');
  const market = trades.filter(({ orderId }) => orderId === null).map(({ id }) => id);
  expect(market.toSorted()).toEqual(player.trades.toSorted());
  const orders = await all<{ id: string; filled: number }>(player, 'orders');
  expect(orders.map(({ id }) => id).toSorted()).toEqual(player.orders.toSorted());
  const payments = await all<{ id: string; amount: number; status: string }>(player, 'payments');
  expect(payments.map(({ id }) => id).toSorted()).toEqual(player.deposits.toSorted());
  expect(payments.filter(({ status }) => status !== 'succeeded')).toEqual([]);

  const paidIn = payments.reduce((total, { amount }) => total + amount, 1_000_000);
  const spent = trades.reduce(
    (total, { action, amount, commission }) =>
      total + (action === 'buy' ? amount : -amount) + commission,
    0,
  );
  const { cash, reservedCash } = (await demand(200, 'GET', '/api/portfolio', player)) as {
    cash: number;
    reservedCash: number;
  };
  expect(cash + reservedCash).toBe(paidIn - spent);
}

interface Trade {
  id: string;
  orderId: string | null;
  action: 'buy' | 'sell';
  amount: number;
  commission: number;
}

/** All pages of a list. */
async function all<Item extends { id: string }>(
  player: Player,
  list: 'trades' | 'orders' | 'payments',
): Promise<Item[]> {
  const found: Item[] = [];
  for (let before = ''; ;) {
    const page = (await demand(200, 'GET', `/api/${list}?limit=100${before}`, player)) as {
      next: string | null;
    } & Record<typeof list, Item[]>;
    found.push(...page[list]);
    if (page.next === null) return found;
    before = `&before=${page.next}`;
  }
}
