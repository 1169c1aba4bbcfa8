import type pg from 'pg';
import { every } from './every.ts';
import type { Faults } from './faults.ts';

const LOOK_MS = 250;

/** Keeps connections of a pool while the fault is on, as code that forgets to release them would. */
export function leakConnections(
  pool: pg.Pool,
  most: number,
  faults: Faults,
): { close(): Promise<void> } {
  const held: pg.PoolClient[] = [];
  let taking: Promise<void> | undefined;
  let closed = false;

  const wanted = () => (closed ? 0 : Math.min(faults.on('pool-leak')?.connections ?? 0, most));
  const take = async () => {
    while (held.length < wanted()) held.push(await pool.connect());
  };
  const letGo = () => {
    while (held.length > wanted()) held.pop()?.release();
  };
  const looking = every(LOOK_MS, () => {
    letGo();
    taking ??= take()
      .catch(() => undefined) // all are in use, or Postgres is away: another time
      .finally(() => {
        taking = undefined;
      });
  });

  return {
    async close() {
      closed = true;
      looking.close();
      await taking;
      letGo();
    },
  };
}
