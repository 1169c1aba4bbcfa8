// Breaking what happens within Postgres, as somebody with psql can.

import { compose } from '../tests/stack.ts';
import type { Way } from './drill.ts';

/** As what our sessions are known, so that they can be ended. */
const name = 'drill';

/** Runs SQL as the owner of the database; its output. */
export function psql(sql: string): Promise<string> {
  return inPostgres(['-T'], 'psql -qAt -c "$0"', sql);
}

/** A session that nobody closes, or several: it does what the statement says and then sleeps. */
export function openSession(statement: string, times = 1): Way {
  // The shell waits for them: an orphan would become a child of the container's first process, which is Postgres, and it takes
  // a child that ends badly for a crash of its own.
  const sessions = `for n in $(seq ${times}); do psql -c "$0" -c 'SELECT pg_sleep(86400)' & done; wait`;
  return {
    break: () => inPostgres(['--detach'], sessions, statement),
    heal: () =>
      psql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = '${name}' AND pid <> pg_backend_pid()`,
      ),
  };
}

function inPostgres(options: string[], command: string, argument: string): Promise<string> {
  const connection = 'export PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"';
  return compose(
    ...['exec', ...options, '-e', `PGAPPNAME=${name}`, 'postgres'],
    ...['sh', '-c', `${connection}; ${command}`, argument],
  );
}
