import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops the traffic: customers stay away, and with them what their trades bring.',
  by: stopped('traffic'),
  raises: { alertname: 'RevenueDrop' },
  seconds: 2400,
  history: 100 * 60,
  needs: 'traffic',
};
