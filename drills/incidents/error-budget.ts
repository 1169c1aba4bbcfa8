import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has every second request to the API fail, until a fiftieth of the error budget of 30 days is gone.',
  by: fault('errors', { ratio: 0.5 }),
  raises: { alertname: 'SloBurningFast', labels: { slo: 'availability' } },
  alsoFires: felt,
  seconds: 150,
};
