import { customers, deposit } from '../customers.ts';
import type { Incident } from '../drill.ts';
import { gatewayFault } from '../faults.ts';
import { together } from '../ways.ts';

export const incident: Incident = {
  what: 'Loses every webhook of the card gateway, while customers pay.',
  by: together(customers(2, 1000, deposit('card_good')), gatewayFault('webhooks-lost')),
  raises: { alertname: 'DepositsLate' },
  seconds: 400,
};
