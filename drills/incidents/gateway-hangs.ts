import { customers, deposit } from '../customers.ts';
import type { Incident } from '../drill.ts';
import { gatewayFault } from '../faults.ts';
import { together } from '../ways.ts';

export const incident: Incident = {
  what: 'Has the card gateway take half a minute for an answer, while customers pay.',
  by: together(customers(5, 1000, deposit('card_good')), gatewayFault('payments-hang')),
  raises: { alertname: 'JobFailuresHigh' },
  alsoFires: [{ alertname: 'SloBurningFast', labels: { slo: 'payments' } }],
  seconds: 360,
};
