import { stopped } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Stops the collector until spans are lost.',
  by: stopped('collector'),
  raises: { alertname: 'SpansDropped', labels: { service: 'api' } },
  alsoFires: [{ alertname: 'ServiceDown', labels: { service: 'collector' } }],
  seconds: 120,
};
