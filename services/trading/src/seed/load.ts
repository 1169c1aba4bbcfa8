import { randomUUID } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import pg from 'pg';
import type { Character } from '../characters/characters.ts';
import { STARTING_CREDIT } from '../ledger/accounts.ts';
import { cents } from '../money.ts';
import { copyRows, type Value } from './copy.ts';
import { commissionOn, createHistory, type PastCustomer, type PastTrade } from './history.ts';

export interface LoadOptions {
  customers: number;
  trades: number;
  /** Numbers in [0, 1). */
  random: () => number;
}

const DAY_MS = 86_400_000;
const DAYS = 90;
/** Trades held in memory at a time. */
const BATCH = 20_000;
/** One customer in so many has an open order, far below the market, and three that were cancelled. */
const ORDERING = 10;

/**
 * Loads a made-up past of 90 days: customers, their trades, orders and positions, and the ledger to all of it, which balances. By COPY, in
 * one transaction: all of it or nothing. It comes on top of what is there.
 *
 * Triggers are off while it loads (`session_replication_role`, which takes a superuser), because they are made for trades that come
 * one at a time; what they guard is made right here, and `npm run audit` sees whether it is.
 */
export async function loadHistory(databaseUrl: string, options: LoadOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'seed' });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await load(client, options);
    await client.query('COMMIT');
    await client.query('ANALYZE');
  } finally {
    // Without COMMIT the server rolls back.
    await client.end();
  }
}

async function load(client: pg.Client, { customers, trades, random }: LoadOptions): Promise<void> {
  const characters = await charactersIn(client);
  const house = await houseAccounts(client);
  const last = await lastIds(client);
  const until = Date.now();
  const history = createHistory({
    customers,
    trades,
    characters,
    startingCredit: STARTING_CREDIT,
    from: until - DAYS * DAY_MS,
    until,
    random,
  });
  const users = history.people.map(() => randomUUID());
  // Of a password that nobody knows.
  const passwordHash = await hash(randomUUID());

  // Each customer's accounts have their ids side by side: cash, what is reserved of it, and one a character.
  const places = new Map(characters.map(({ id }, index) => [id, index + 2]));
  const accountOf = (customer: number, place: number) =>
    last.accounts + 1 + customer * (characters.length + 2) + place;

  const ledger = createLedger(client, last);
  const since = new Date(until - DAYS * DAY_MS).toISOString();
  for (let customer = 0; customer < customers; customer += 1) {
    await ledger.post('starting_credit', since, [
      [house('promotion', 'BERRY'), 0 - STARTING_CREDIT],
      [accountOf(customer, 0), STARTING_CREDIT],
    ]);
  }

  const firstTraded = new Map<number, string>();
  for (const batch of batches(history.trades())) {
    const rows: Value[][] = [];
    for (const trade of batch) {
      const { customer, character, action, quantity, price, amount, commission } = trade;
      const sign = action === 'buy' ? 1 : -1;
      const at = new Date(trade.executedAt).toISOString();
      const transfer = await ledger.post('trade', at, [
        [accountOf(customer, 0), -sign * amount - commission],
        [house('dealing', 'BERRY'), sign * amount],
        [house('commission', 'BERRY'), commission],
        [accountOf(customer, places.get(character.id) ?? 0), sign * quantity],
        [house('dealing', character.id), -sign * quantity],
      ]);
      if (!firstTraded.has(customer)) firstTraded.set(customer, at);
      rows.push([
        (last.trades += 1),
        users[customer] ?? '',
        character.id,
        action,
        quantity,
        price,
        amount,
        commission,
        trade.realisedProfit,
        transfer,
        at,
      ]);
    }
    await copyRows(client, TRADES, rows);
  }

  const orders = ordersOf(history.people, characters);
  const orderRows: Value[][] = [];
  for (const { customer, character, limitPrice, reserve } of orders) {
    const at = new Date(until).toISOString();
    const order = (status: string, cancelled: number, closedAt: string | null): Value[] => [
      (last.orders += 1),
      users[customer] ?? '',
      character.id,
      'buy',
      1,
      limitPrice,
      cancelled,
      status,
      since,
      closedAt,
    ];
    orderRows.push(order('open', 0, null), ...[1, 2, 3].map(() => order('cancelled', 1, since)));
    await ledger.post('reserve', at, [
      [accountOf(customer, 0), -reserve],
      [accountOf(customer, 1), reserve],
    ]);
  }
  await ledger.flush();
  await copyRows(client, ORDERS, orderRows);

  const reserved = new Map(orders.map(({ customer, reserve }) => [customer, reserve]));
  await copyRows(
    client,
    'users (id, username, email, password_hash, created_at, first_traded_at)',
    users.map((id, n) => [
      id,
      `past-${id.slice(0, 13)}`,
      `past-${id}@example.com`,
      passwordHash,
      since,
      firstTraded.get(n) ?? null,
    ]),
  );
  await copyRows(client, 'accounts (id, user_id, purpose, asset, created_at)', accounts());
  await copyRows(client, 'balances (account_id, balance)', balances());
  await copyRows(
    client,
    'positions (user_id, character_id, quantity, cost, realised_profit)',
    positions(),
  );
  await moveSequences(client);

  function* accounts(): Generator<Value[]> {
    for (const [n, person] of history.people.entries()) {
      const user = users[n] ?? '';
      yield [accountOf(n, 0), user, 'customer', 'BERRY', since];
      if (reserved.has(n)) yield [accountOf(n, 1), user, 'reserved', 'BERRY', since];
      for (const id of person.positions.keys()) {
        yield [accountOf(n, places.get(id) ?? 0), user, 'customer', id, since];
      }
    }
  }
  function* balances(): Generator<Value[]> {
    for (const [n, person] of history.people.entries()) {
      const held = reserved.get(n) ?? 0;
      yield [accountOf(n, 0), person.cash - held];
      if (held > 0) yield [accountOf(n, 1), held];
      for (const [id, { quantity }] of person.positions) {
        yield [accountOf(n, places.get(id) ?? 0), quantity];
      }
    }
  }
  function* positions(): Generator<Value[]> {
    for (const [n, person] of history.people.entries()) {
      for (const [id, { quantity, cost, realisedProfit }] of person.positions) {
        yield [users[n] ?? '', id, quantity, cost, realisedProfit];
      }
    }
  }
}

const TRADES =
  'trades (id, user_id, character_id, action, quantity, price, amount, commission, realised_profit, transfer_id, executed_at)';
const ORDERS =
  'orders (id, user_id, character_id, side, quantity, limit_price, cancelled, status, created_at, closed_at)';

/** Open orders at half the starting price, of customers who can pay for them. */
function ordersOf(people: PastCustomer[], characters: Character[]) {
  return people.flatMap((person, customer) => {
    const character = characters[customer % characters.length] as Character;
    const limitPrice = cents(Math.ceil(character.startPrice / 2));
    const reserve = limitPrice + commissionOn(limitPrice);
    if (customer % ORDERING !== 0 || reserve > person.cash) return [];
    return [{ customer, character, limitPrice, reserve }];
  });
}

/** Writes transfers and their entries, many at a time. */
function createLedger(client: pg.Client, last: LastIds) {
  let transfers: Value[][] = [];
  let entries: Value[][] = [];
  const flush = async () => {
    await copyRows(client, 'transfers (id, kind, created_at)', transfers);
    await copyRows(client, 'entries (id, transfer_id, account_id, amount, created_at)', entries);
    transfers = [];
    entries = [];
  };
  return {
    flush,
    /** @returns the transfer's id */
    async post(kind: string, at: string, lines: [account: number, amount: number][]) {
      const transfer = (last.transfers += 1);
      transfers.push([transfer, kind, at]);
      for (const [account, amount] of lines) {
        if (amount !== 0) entries.push([(last.entries += 1), transfer, account, amount, at]);
      }
      if (transfers.length >= BATCH) await flush();
      return transfer;
    },
  };
}

function* batches(trades: Iterable<PastTrade>): Generator<PastTrade[]> {
  let batch: PastTrade[] = [];
  for (const trade of trades) {
    batch.push(trade);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function charactersIn(client: pg.Client): Promise<Character[]> {
  const { rows } = await client.query<{
    id: string;
    name: string;
    start_price: string;
    volatility: number;
  }>('SELECT id, name, start_price, volatility FROM characters ORDER BY id');
  return rows.map(({ id, name, start_price: startPrice, volatility }) => ({
    id,
    name,
    startPrice: cents(Number(startPrice)),
    volatility,
  }));
}

async function houseAccounts(client: pg.Client) {
  const { rows } = await client.query<{ id: string; purpose: string; asset: string }>(
    'SELECT id, purpose, asset FROM accounts WHERE user_id IS NULL',
  );
  const ids = new Map(rows.map(({ id, purpose, asset }) => [`${purpose}/${asset}`, Number(id)]));
  return (purpose: string, asset: string) => {
    const id = ids.get(`${purpose}/${asset}`);
    if (id === undefined) throw new Error(`The house has no account ${purpose} in ${asset}`);
    return id;
  };
}

const NUMBERED = ['accounts', 'transfers', 'entries', 'trades', 'orders'] as const;
type LastIds = Record<(typeof NUMBERED)[number], number>;

async function lastIds(client: pg.Client): Promise<LastIds> {
  const columns = NUMBERED.map(
    (table) => `(SELECT coalesce(max(id), 0) FROM ${table}) AS ${table}`,
  );
  const { rows } = await client.query<Record<string, string>>(`SELECT ${columns.join(', ')}`);
  const last = NUMBERED.map((table) => [table, Number(rows[0]?.[table])]);
  return Object.fromEntries(last) as LastIds;
}

async function moveSequences(client: pg.Client): Promise<void> {
  for (const table of NUMBERED) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table} HAVING max(id) > 0`,
    );
  }
}
