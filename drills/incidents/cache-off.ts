import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has nothing be found in the cache.',
  by: fault('cache-off'),
  raises: { alertname: 'LowCacheHitRate', labels: { service: 'api' } },
  seconds: 1000,
};
