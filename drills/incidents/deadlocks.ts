import type { Incident } from '../drill.ts';
import { psql } from '../postgres.ts';
import { again } from '../ways.ts';

/** Takes the one lock, then the other. Nothing that is ours is locked: these belong to nobody. */
const take = (first: number, second: number): Promise<string> =>
  psql(
    `SELECT pg_advisory_xact_lock(${first}); SELECT pg_sleep(1); SELECT pg_advisory_xact_lock(${second})`,
  );

export const incident: Incident = {
  what: 'Has two transactions take two locks in opposite order, again and again.',
  by: again(2000, () => Promise.allSettled([take(1, 2), take(2, 1)])),
  raises: { alertname: 'DeadlocksRising' },
  seconds: 60,
};
