import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Hands nothing from the outbox to the queues.',
  by: fault('worker-stall', { part: 'outbox' }),
  raises: { alertname: 'OutboxLagging' },
  alsoFires: [{ alertname: 'SloBurningFast', labels: { slo: 'payments' } }],
  seconds: 180,
};
