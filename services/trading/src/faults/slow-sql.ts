import pg from 'pg';

/**
 * Runs a statement on a connection of which the server has just kept the caller waiting: to the caller, to the database's own log, to
 * `pg_stat_activity` and in the trace it takes as much longer.
 */
export async function slowly<T>(
  runner: pg.Pool | pg.PoolClient,
  milliseconds: number,
  run: (connection: pg.PoolClient) => Promise<T>,
): Promise<T> {
  if (!(runner instanceof pg.Pool)) return sleepAndRun(runner, milliseconds, run);
  const client = await runner.connect();
  try {
    const result = await sleepAndRun(client, milliseconds, run);
    client.release();
    return result;
  } catch (error) {
    // As the pool itself does it after any error.
    client.release(true);
    throw error;
  }
}

async function sleepAndRun<T>(
  client: pg.PoolClient,
  milliseconds: number,
  run: (connection: pg.PoolClient) => Promise<T>,
): Promise<T> {
  await client.query({
    name: 'slow_sql',
    text: 'SELECT pg_sleep($1)',
    values: [milliseconds / 1000],
  });
  return run(client);
}
