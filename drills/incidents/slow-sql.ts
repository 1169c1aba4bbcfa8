import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has every statement take 0.2 s longer in PostgreSQL.',
  by: fault('slow-sql', { milliseconds: 200 }),
  raises: { alertname: 'SlowQueries', labels: { service: 'api' } },
  alsoFires: felt,
  seconds: 630,
};
