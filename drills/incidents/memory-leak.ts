import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Leaks 20 MB a second in every process, until hardly any is left.',
  by: fault('memory-leak', { megabytesPerSecond: 20 }),
  raises: { alertname: 'MemoryNearLimit' },
  seconds: 180,
};
