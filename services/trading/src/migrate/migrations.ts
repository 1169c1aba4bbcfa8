import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Logger } from '@crows-nest/telemetry';
import type { Queryable, Statement } from '../database.ts';

const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url));
const TABLE = 'schema_migrations';

/**
 * Brings the schema up to date: each file of `migrations/` once, in the order of their names, all in one transaction.
 * An advisory lock lets one process do it while others wait and then find nothing left to do.
 *
 * By node-pg-migrate: kept up (2026), plain SQL files, a waiting lock of its own; postgres-migrations has had no release
 * since 2021, and dbmate is a binary that the image would have to fetch from outside npm.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(
  databaseUrl: string,
  logger: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>,
): Promise<string[]> {
  const run = await runner({
    databaseUrl: {
      connectionString: databaseUrl,
      connectionTimeoutMillis: 5000,
      application_name: 'migrate',
    },
    dir: DIRECTORY,
    direction: 'up',
    migrationsTable: TABLE,
    advisoryLockMode: 'wait',
    logger: {
      // Its progress lines repeat whole migrations; what was run is logged by the caller.
      info: (message) => logger.debug(message),
      warn: (message) => logger.warn(message),
      error: (message) => logger.error(message),
    },
  });
  return run.map(({ name }) => name);
}

const selectMigrations: Statement = {
  name: 'select_migrations',
  operation: 'select',
  table: TABLE,
  text: `SELECT name FROM ${TABLE}`,
};

/** @throws when a migration that this version of the code needs has not been run (also when none has) */
export async function requireMigrations(connection: Queryable): Promise<void> {
  const run = new Set(
    (await connection.query<{ name: string }>(selectMigrations)).map(({ name }) => name),
  );
  const missing = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.replace(/\.sql$/, ''))
    .filter((name) => !run.has(name));
  if (missing.length > 0) {
    throw new Error(`The schema lacks ${missing.join(', ')}: run the migrate role first`);
  }
}
