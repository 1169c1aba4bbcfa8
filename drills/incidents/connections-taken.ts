import type { Incident } from '../drill.ts';
import { openSession } from '../postgres.ts';

export const incident: Incident = {
  what: 'Opens 75 sessions of psql and leaves them open.',
  // With ours over 80 of the 100 that postgres/postgresql.conf allows; the services still get the few that they may add.
  by: openSession('SELECT 1', 75),
  raises: { alertname: 'DatabaseConnectionsHigh' },
  seconds: 330,
};
