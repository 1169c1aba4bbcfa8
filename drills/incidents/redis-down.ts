import { felt } from '../consequences.ts';
import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops Redis.',
  by: stopped('redis'),
  raises: { alertname: 'DependencyDown', labels: { service: 'redis' } },
  alsoFires: felt,
  seconds: 60,
};
