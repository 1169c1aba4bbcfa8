import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has every third request to the API fail with a 500.',
  by: fault('errors', { ratio: 0.33 }),
  raises: { alertname: 'HighErrorRate', labels: { service: 'api' } },
  alsoFires: felt,
  seconds: 330,
};
