import { felt } from '../consequences.ts';
import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops the API until it is noticed that nobody keeps its incident either.',
  by: stopped('api'),
  raises: { alertname: 'AlertmanagerNotificationsFailing', labels: { integration: 'webhook' } },
  alsoFires: [...felt, { alertname: 'ServiceDown', labels: { service: 'api' } }],
  seconds: 420,
};
