import { felt } from '../consequences.ts';
import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops the API, all of its replicas.',
  by: stopped('api'),
  raises: { alertname: 'ServiceDown', labels: { service: 'api' } },
  alsoFires: felt,
  seconds: 60,
};
