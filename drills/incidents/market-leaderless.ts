import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { openSession } from '../postgres.ts';

/** The lock that makes a market the leader: services/trading/src/market/leadership.ts. */
const lock = 20_261_121;

export const incident: Incident = {
  what: 'Takes the lock of the leader of the market away from it, in a session of psql.',
  by: openSession(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'market-leader';
     SELECT pg_advisory_lock(${lock})`,
  ),
  raises: { alertname: 'MarketWithoutLeader' },
  alsoFires: [...felt, { alertname: 'QuotesStale' }],
  seconds: 80,
};
