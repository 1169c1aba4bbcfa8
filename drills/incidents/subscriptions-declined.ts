import { customers, subscribe } from '../customers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Has customers ask for the real-time plan with cards that are declined.',
  by: customers(4, 2000, subscribe('card_declined')),
  raises: { alertname: 'SubscriptionFailures' },
  // Each is a payment that failed, and there are more of them than of others.
  alsoFires: [{ alertname: 'PaymentFailuresHigh' }],
  seconds: 330,
};
