// Breaking what happens within Postgres, as somebody with psql can.

import { compose } from '../tests/stack.ts';
import type { Way } from './drill.ts';

/** As what our sessions are known, so that they can be ended. */
const name = 'drill';

/** Runs a script of psql's as the owner of the database; its output. */
export function psql(script: string): Promise<string> {
  return inPostgres('psql -qAt -c "$0"', script);
}

/** A session that nobody closes: it does what the statement says and then sleeps, so many times at once. */
export function openSession(statement: string, times = 1): Way {
  return {
    // Not `exec --detach`, after which nobody knows whether it could be begun.
    break: () =>
      inPostgres(
        `for n in $(seq ${times}); do psql -qAt -c "$0" -c 'SELECT pg_sleep(86400)' >/dev/null 2>&1 & done`,
        statement,
      ),
    heal: () =>
      psql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}' AND pid <> pg_backend_pid()`,
      ),
  };
}

function inPostgres(command: string, argument: string): Promise<string> {
  const connection = 'export PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"';
  return compose(
    ...['exec', '-T', '-e', `PGAPPNAME=${name}`, 'postgres'],
    ...['sh', '-c', `${connection}; ${command}`, argument],
  );
}
