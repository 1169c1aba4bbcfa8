import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import type { Queryable } from '../database.ts';
import { migrate } from '../migrate/migrations.ts';

/** Named after what is in it, so that changed migrations make a new one. */
const TEMPLATE = `trading_template_${hashOfMigrations()}`;
/** What the test's own connections are called, so that it can end all others. */
export const TEST_NAME = 'test';
/** Names the lock under which the template is made and copied, which nobody may be connected to meanwhile. */
const TEMPLATE_LOCK = 20_261_122;

export interface TestDatabase {
  url: string;
  /** Runs SQL past the application, to arrange and to look. */
  sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: unknown[],
  ): Promise<Row[]>;
  /** The same, for what is asked by a statement: the audit. `bigint` columns are text here. */
  query: Queryable['query'];
  drop(): Promise<void>;
}

/** The environment variable, or one clear line. */
export function required(name: 'TEST_DATABASE_URL' | 'TEST_REDIS_URL'): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `${name} is not set: integration tests need a real server, see services/trading/README.md`,
    );
  }
  return value;
}

/** A database of its own for one test file, cloned from a migrated template, which is made by whoever comes first. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const admin = new pg.Client(required('TEST_DATABASE_URL'));
  await admin.connect();
  const database = await cloneTemplate(admin);
  return {
    ...database,
    async drop() {
      await database.drop();
      await admin.end();
    },
  };
}

/** A new database with the schema and nothing else in it. */
export async function cloneTemplate(admin: pg.Client): Promise<TestDatabase> {
  const adminUrl = required('TEST_DATABASE_URL');
  await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE]);
  if (rowCount === 0) await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  const silent = { info() {}, warn() {}, error: console.error, debug() {} };
  await migrate(withDatabase(adminUrl, TEMPLATE), silent as never);

  const name = `trading_test_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  await admin.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  const url = withDatabase(adminUrl, name);
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: TEST_NAME });
  // Tests terminate back ends, also ours.
  pool.on('error', () => undefined);
  const sql: TestDatabase['sql'] = async <Row extends pg.QueryResultRow>(
    text: string,
    values?: unknown[],
  ) => (await pool.query<Row>(text, values)).rows;
  return {
    url,
    sql,
    query: ({ text }, values) => sql(text, values),
    async drop() {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function hashOfMigrations(): string {
  const directory = new URL('../../migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of readdirSync(directory).sort())
    hash.update(readFileSync(new URL(file, directory)));
  return hash.digest('hex').slice(0, 12);
}
