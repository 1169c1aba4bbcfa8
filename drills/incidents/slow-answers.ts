import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has every request to the API wait for a second and a half.',
  by: fault('latency', { milliseconds: 1500 }),
  raises: { alertname: 'SlowResponseTime', labels: { service: 'api' } },
  alsoFires: felt,
  seconds: 630,
};
