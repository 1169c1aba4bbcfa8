// Breaking what happens within Postgres, as somebody with psql can.

import { compose, waitFor } from '../tests/stack.ts';
import type { Way } from './drill.ts';

/** As what our sessions are known, so that they can be ended. */
const name = 'drill';
const ours = `pg_stat_activity WHERE application_name = '${name}' AND pid <> pg_backend_pid()`;
/** Longer than any drill needs them. Should the runner be killed, they end by themselves. */
const longestSeconds = 1800;

/** Runs SQL as the owner of the database; its output. */
export function psql(sql: string): Promise<string> {
  return inPostgres(['-T'], 'psql -qAt -c "$0"', sql);
}

/** A session that nobody closes, or several: it does what the statement says and then sleeps. */
export function openSession(statement: string, times = 1): Way {
  // The shell waits for them: an orphan would become a child of the container's first process, which is Postgres, and it takes
  // a child that ends badly for a crash of its own.
  const sleep = `SELECT pg_sleep(${longestSeconds})`;
  const sessions = `for n in $(seq ${times}); do psql -c "$0" -c '${sleep}' & done; wait`;
  return {
    async break() {
      await inPostgres(['--detach'], sessions, statement);
      // Healing ends those only that are there by then.
      await waitFor(`${times} sessions of psql`, 60, async (see) => {
        return see(Number(await psql(`SELECT count(*) FROM ${ours}`))) >= times;
      });
    },
    heal: () => psql(`SELECT pg_terminate_backend(pid) FROM ${ours}`),
  };
}

function inPostgres(options: string[], command: string, argument: string): Promise<string> {
  const connection = 'export PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"';
  return compose(
    ...['exec', ...options, '-e', `PGAPPNAME=${name}`, 'postgres'],
    ...['sh', '-c', `${connection}; ${command}`, argument],
  );
}
