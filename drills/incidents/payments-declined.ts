import { customers, deposit } from '../customers.ts';
import type { Incident } from '../drill.ts';
import { gatewayFault } from '../faults.ts';
import { together } from '../ways.ts';

export const incident: Incident = {
  what: 'Has the card gateway decline every card, while customers pay.',
  by: together(customers(2, 1000, deposit('card_good')), gatewayFault('payments-declined')),
  raises: { alertname: 'PaymentFailuresHigh' },
  seconds: 360,
};
