import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops Alertmanager, without which nobody is told of an alert.',
  by: stopped('alertmanager'),
  raises: 'heartbeat',
  // Once it is back, until Prometheus has seen that.
  alsoFires: [{ alertname: 'ServiceDown', labels: { service: 'alertmanager' } }],
  seconds: 230,
};
