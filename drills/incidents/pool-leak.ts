import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Leaks every connection of the database pools.',
  by: fault('pool-leak', { connections: 200 }),
  raises: { alertname: 'DatabasePoolExhaustion', labels: { service: 'api' } },
  // The market needs its pool as well.
  alsoFires: [...felt, { alertname: 'QuotesStale' }],
  seconds: 330,
};
