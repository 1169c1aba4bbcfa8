import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database.ts';
import { eventually } from '../testing/eventually.ts';
import { CHARACTER, startSystem, type TestSystem } from '../testing/system.ts';
import { insertTrade } from '../testing/trades.ts';
import { openFlow, type Flow } from './flow.ts';

let system: TestSystem;
let database: Database;
let userId: string;
beforeAll(async () => {
  system = await startSystem();
  const { databaseUrl: url } = system.config;
  database = createDatabase({ url, poolMax: 1 }, system.telemetry);
  userId = (await system.register()).id;
  await trade(1000, 3600);
  await trade(1000, 3600, 'nix-halloway');
}, 120_000);
afterAll(async () => {
  await database.close();
  await system.close();
});

const trade = (net: number, secondsAgo: number, characterId = CHARACTER) =>
  insertTrade(system.database, { userId, characterId, net, secondsAgo });

/** All that is counted from now on, for one character. */
function counting(flow: Flow) {
  let total = 0;
  return async () => (total += (await flow.next()).get(CHARACTER) ?? 0);
}

test('trades are summed by character, and each is counted once', async () => {
  const flow = await openFlow(database, Date.now());
  expect(await flow.next()).toEqual(new Map());
  await trade(5, 10);
  await trade(-2, 9);
  await trade(-7, 9, 'nix-halloway');
  expect(await flow.next()).toEqual(
    new Map([
      [CHARACTER, 3],
      ['nix-halloway', -7],
    ]),
  );
  expect(await flow.next()).toEqual(new Map());
  await trade(4, 8);
  expect(await flow.next()).toEqual(new Map([[CHARACTER, 4]]));
});

test('the next leader counts from where the last one stopped', async () => {
  await trade(1000, 33);
  await trade(7, 31.5);
  await trade(8, 3);
  const counted = counting(await openFlow(database, Date.now() - 30_000));
  expect(await counted()).toBe(7 + 8);
});

test('trades of long ago that somebody loads now move nothing', async () => {
  const flow = await openFlow(database, Date.now());
  await trade(1000, 3600);
  await trade(3, 3);
  expect(await flow.next()).toEqual(new Map([[CHARACTER, 3]]));
});

test('a trade that is committed after one with a higher number is not missed', async () => {
  const counted = counting(await openFlow(database, Date.now()));
  const client = new pg.Client(system.database.url);
  await client.connect();
  await client.query('BEGIN');
  const transaction = { sql: (text: string, values: unknown[]) => client.query(text, values) };
  // Of another customer: one customer's trades wait for each other.
  const { id } = await system.register();
  await insertTrade(transaction, { userId: id, characterId: CHARACTER, net: 1, secondsAgo: 0 });
  await trade(10, 0);
  expect(await counted()).toBe(0);
  await client.query('COMMIT');
  await client.end();
  await eventually(counted).toBe(11);
  expect(await counted()).toBe(11);
});

test('a trade that is too young holds up those with higher numbers, and none is missed', async () => {
  const counted = counting(await openFlow(database, Date.now()));
  await trade(1, 0);
  await trade(10, 5);
  expect(await counted()).toBe(0);
  await eventually(counted).toBe(11);
});
