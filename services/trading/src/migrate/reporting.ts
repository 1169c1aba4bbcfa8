import pg from 'pg';

/** Two migrations at once would otherwise both change the role, of which Postgres refuses one. */
const LOCK = 20_261_201;

/**
 * Lets the role `reporting` (migrations/013_reporting.sql), which dashboards read the database as, log in by this password; any
 * earlier one is void. Safe to run again, and by several at once.
 */
export async function letReportingLogIn(databaseUrl: string, password: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 5000,
    statement_timeout: 10_000,
    application_name: 'migrate',
  });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    // ALTER ROLE takes no parameters. By way of a setting the password is in no statement that the server might log.
    await client.query("SELECT set_config('reporting.password', $1, true)", [password]);
    await client.query(`DO $$ BEGIN
      EXECUTE format('ALTER ROLE reporting LOGIN PASSWORD %L', current_setting('reporting.password'));
    END $$`);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
