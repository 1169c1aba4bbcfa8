import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Leaks 20 MB a second in every process, until hardly any is left.',
  by: fault('memory-leak', { megabytesPerSecond: 20 }),
  raises: { alertname: 'MemoryNearLimit' },
  // So near its limit a process has to read its own program from disk again and again, and may not answer in time.
  alsoFires: [...felt, { alertname: 'ServiceDown' }],
  seconds: 180,
};
