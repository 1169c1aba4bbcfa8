import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops Grafana.',
  by: stopped('grafana'),
  raises: { alertname: 'GrafanaDown' },
  seconds: 150,
  needs: 'grafana',
};
