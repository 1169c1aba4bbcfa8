import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '@crows-nest/telemetry';

const CHECK_MS = 500;

/** Any number, the same in every process: it names the lock within the database. */
const LOCK = 20_261_121;

const takeLock = 'SELECT pg_try_advisory_lock($1) AS held';
const stillThere = 'SELECT 1';

export interface Leadership {
  /** Whether this process leads now. */
  held(): boolean;
  /** Gives it up, so that another process takes over at once. */
  close(): Promise<void>;
}

/**
 * Elects one leader among all processes that call this: whoever holds a Postgres advisory lock. The lock lives with the
 * connection, so it is free as soon as the leader ends or is cut off; a leader asks twice a second whether its connection
 * still stands, and steps down when it does not.
 */
export function createLeadership(databaseUrl: string, logger: Logger): Leadership {
  const stop = new AbortController();
  let held = false;

  const lead = async () => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 1500,
      query_timeout: 1000,
      keepAlive: true,
      application_name: 'market-leader',
      // Postgres notices within 8 s that the leader's machine is gone, and frees the lock.
      options: '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3',
    });
    // Stepping down at once; the next query on the broken connection then fails, and ends the loop.
    const stepDown = () => {
      held = false;
    };
    client.on('error', stepDown);
    client.on('end', stepDown);
    try {
      await client.connect();
      while (!stop.signal.aborted) {
        if (held) {
          await client.query(stillThere);
        } else {
          const { rows } = await client.query<{ held: boolean }>(takeLock, [LOCK]);
          held = rows[0]?.held === true;
          if (held) logger.info('This process leads the market');
        }
        await pause(stop.signal);
      }
    } finally {
      held = false;
      await client.end().catch(() => undefined);
    }
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      await lead().catch((error: unknown) => {
        logger.warn('Not leading: Postgres is away', { error });
      });
      await pause(stop.signal);
    }
  })();

  return {
    held: () => held,
    async close() {
      stop.abort();
      await running;
    },
  };
}

function pause(signal: AbortSignal): Promise<void> {
  return wait(CHECK_MS, undefined, { signal }).catch(() => undefined);
}
