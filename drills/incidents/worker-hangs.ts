import { paused } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Freezes the worker: it is there, and answers nobody.',
  by: paused('worker'),
  raises: { alertname: 'ServiceDown', labels: { service: 'worker' } },
  seconds: 60,
};
