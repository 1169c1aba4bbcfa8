import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops Redis.',
  by: stopped('redis'),
  raises: { alertname: 'DependencyDown', labels: { service: 'redis' } },
  seconds: 60,
};
