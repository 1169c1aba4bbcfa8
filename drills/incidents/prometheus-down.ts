import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops Prometheus, without which there is no alert.',
  by: stopped('prometheus'),
  raises: 'heartbeat',
  seconds: 230,
};
