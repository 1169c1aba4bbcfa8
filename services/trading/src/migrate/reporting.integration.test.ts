import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { letReportingLogIn } from './reporting.ts';

let database: TestDatabase;
let reporting: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  await letReportingLogIn(database.url, "it's a secret");
  reporting = await connect("it's a secret");
});
afterAll(async () => {
  await reporting.end();
  // The role is the server's and outlives this database.
  await database.sql('ALTER ROLE reporting NOLOGIN PASSWORD NULL');
  await database.drop();
});

async function connect(password: string): Promise<pg.Client> {
  const url = new URL(database.url);
  url.username = 'reporting';
  url.password = encodeURIComponent(password);
  const client = new pg.Client(url.href);
  await client.connect();
  return client;
}

/** Every relation of ours that the role may read, as schema.name. */
async function readable(): Promise<string[]> {
  const { rows } = await reporting.query<{ name: string }>(
    `SELECT relnamespace::regnamespace || '.' || relname AS name FROM pg_class
     WHERE relnamespace::regnamespace::text IN ('public', 'reporting') AND relkind IN ('r', 'v', 'm', 'p')
       AND has_table_privilege(oid, 'SELECT')`,
  );
  return rows.map(({ name }) => name);
}

describe('the role of dashboards', () => {
  test('reads the views made for it, and nothing else', async () => {
    const names = await readable();
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !name.startsWith('reporting.'))).toEqual([]);
    for (const name of names) await reporting.query(`SELECT * FROM ${name}`);
    await expect(reporting.query('SELECT email FROM public.users')).rejects.toThrow(
      /permission denied/,
    );
  });

  test('sees no column by which a customer could be told', async () => {
    const { rows } = await reporting.query<{ name: string }>(
      "SELECT DISTINCT column_name AS name FROM information_schema.columns WHERE table_schema = 'reporting'",
    );
    const names = rows.map(({ name }) => name);
    expect(names).toContain('signed_up');
    const telling = /^(id|.*_id|username|email|card|password.*|token.*|reference|address)$/;
    expect(names.filter((name) => telling.test(name))).toEqual([]);
  });

  test('changes nothing, also where it says that it would', async () => {
    await expect(reporting.query('CREATE TEMP TABLE t ()')).rejects.toThrow(/read-only/);
    await reporting.query('SET default_transaction_read_only = off');
    await expect(reporting.query('DELETE FROM reporting.deployments')).rejects.toThrow(
      /permission denied/,
    );
    await expect(reporting.query('CREATE TABLE public.t ()')).rejects.toThrow(/permission denied/);
  });

  test('is stopped when it asks for too long', async () => {
    const { rows } = await reporting.query<{ statement_timeout: string }>('SHOW statement_timeout');
    expect(rows).toEqual([{ statement_timeout: '5s' }]);
  });

  test('has the password that it was given last, also when several give one at once', async () => {
    const given = ['first', 'second', 'third'].map((password) =>
      letReportingLogIn(database.url, password),
    );
    await Promise.all(given);
    await letReportingLogIn(database.url, 'last');
    const [role] = await database.sql<{ rolcanlogin: boolean; rolpassword: string }>(
      "SELECT rolcanlogin, rolpassword FROM pg_authid WHERE rolname = 'reporting'",
    );
    expect(role?.rolcanlogin).toBe(true);
    expect(opens('last', role?.rolpassword ?? '')).toBe(true);
    expect(opens('first', role?.rolpassword ?? '')).toBe(false);
  });
});

/** Whether the password is that of a SCRAM verifier (RFC 5802): the server of the tests lets everybody in, whatever they say. */
function opens(password: string, verifier: string): boolean {
  const [, iterations = '', salt = '', stored = ''] =
    /^SCRAM-SHA-256\$(\d+):(.+)\$(.+):/.exec(verifier) ?? [];
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64') === stored;
}
