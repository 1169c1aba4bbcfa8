import { customers, tradeBackAndForth } from '../customers.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';
import { together } from '../ways.ts';

export const incident: Incident = {
  what: 'Has the workers take no jobs, while customers trade.',
  by: together(customers(2, 200, tradeBackAndForth), fault('worker-stall', { part: 'jobs' })),
  raises: { alertname: 'JobQueueBacklog' },
  // Deposits are jobs too, and mails.
  alsoFires: [{ alertname: 'SloBurningFast', labels: { slo: 'payments' } }],
  seconds: 360,
};
