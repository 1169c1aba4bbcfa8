import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has every look at a portfolio fail.',
  by: fault('errors', { ratio: 1, route: '/api/portfolio' }),
  raises: { alertname: 'JourneyFailing', labels: { severity: 'critical' } },
  alsoFires: felt,
  seconds: 180,
};
