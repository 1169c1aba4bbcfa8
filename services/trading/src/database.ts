import pg, { TypeOverrides } from 'pg';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Faults } from './faults/faults.ts';
import { leakConnections } from './faults/pool-leak.ts';
import { slowly } from './faults/slow-sql.ts';

/**
 * One SQL statement: a constant of the module that uses it. `name` lets each connection parse and plan it once;
 * `operation` and `table` label its time in `db_query_duration_seconds`.
 */
export interface Statement {
  name: string;
  operation: 'select' | 'insert' | 'update' | 'delete' | 'call';
  table: string;
  text: string;
}

/** Runs statements, on whichever connection is free or inside a transaction. */
export interface Queryable {
  /** @returns the rows; `bigint` columns are numbers, `timestamptz` are Dates */
  query<Row extends pg.QueryResultRow = never>(
    statement: Statement,
    values?: unknown[],
  ): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** Runs `run` on one connection between BEGIN and COMMIT; anything thrown rolls back. */
  transaction<T>(run: (connection: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  poolMax: number;
  /** Longest a statement may run: milliseconds. */
  statementTimeoutMs?: number;
}

/**
 * A pool whose every wait is bounded, so that requests fail within 2 seconds instead of piling up when Postgres is away
 * or stuck: 1.5 s for a connection, and as long for a statement (cancelled by the server a little before we give up on it).
 *
 * @param faults pool-leak and slow-sql, where they may be on
 */
export function createDatabase(
  { url, poolMax, statementTimeoutMs = 1400 }: DatabaseOptions,
  telemetry: Pick<Telemetry, 'logger' | 'observePool' | 'observeQuery'>,
  faults?: Faults,
): Database {
  const types = new TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, parseBigint);
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    connectionTimeoutMillis: 1500,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 100,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    // Compiling a plan takes longer than anything here runs, and is set off by estimates of tables that are still empty.
    options: '-c jit=off',
    types,
  });
  // An idle connection that breaks (restart, failover) is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => {
    telemetry.logger.warn('Idle Postgres connection lost', { error: error.message });
  });
  // The pool listens to idle connections only. One that breaks between two statements of a transaction tells so by an event as
  // well, which would end the process; the next statement on it fails, and that is enough.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  telemetry.observePool(pool, poolMax);
  const leak = faults && leakConnections(pool, poolMax, faults);

  const queryOn = (runner: pg.Pool | pg.PoolClient): Queryable['query'] => {
    return async <Row extends pg.QueryResultRow>(statement: Statement, values: unknown[] = []) => {
      const { name, text, operation, table } = statement;
      const run = (on: pg.Pool | pg.PoolClient) => on.query<Row>({ name, text, values });
      const slow = faults?.on('slow-sql');
      const result = await telemetry.observeQuery(operation, table, () =>
        slow ? slowly(runner, slow.milliseconds, run) : run(runner),
      );
      return result.rows;
    };
  };

  return {
    query: queryOn(pool),
    async transaction(run) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await run({ query: queryOn(client) });
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        // A connection that does not answer would not answer ROLLBACK either; the server rolls back when it is gone.
        if (isDatabaseUnavailable(error)) {
          client.release(true);
          throw error;
        }
        // When even ROLLBACK fails the connection is broken, and is thrown away.
        const broken = await client.query('ROLLBACK').then(
          () => false,
          () => true,
        );
        client.release(broken);
        throw error;
      }
    },
    async close() {
      await leak?.close();
      await pool.end();
    },
  };
}

/** `bigint` as a number: our money and ids stay far below 2^53, and what does not is an error, never a rounded value. */
function parseBigint(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`bigint ${value} is beyond 2^53`);
  return number;
}

/** Whether an error means that Postgres cannot be reached or did not answer in time, so that trying again makes sense. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return UNAVAILABLE_CODE.test(code) || UNAVAILABLE_MESSAGE.test(error.message);
}

// SQLSTATE classes 08 (connection), 53 (resources), 57P (shutdown), 57014 (cancelled by timeout), 40 (deadlock and the
// like), 25P03/25P04 (transaction timeouts), 55P03 (lock not available); then the socket's and the resolver's errors.
const UNAVAILABLE_CODE =
  /^(?:08...|53...|57P..|57014|40...|25P0[34]|55P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

// pg gives these no code.
const UNAVAILABLE_MESSAGE =
  /^(?:Query read timeout|Connection terminated.*|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error and is not queryable)$/;
