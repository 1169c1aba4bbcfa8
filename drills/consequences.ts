// Alerts that follow by right from many an incident.

import type { Alert } from './drill.ts';

/** Customers feel it: their requests fail or are late. */
export const felt: Alert[] = [
  { alertname: 'JourneyFailing' },
  { alertname: 'HighErrorRate' },
  { alertname: 'SloBurningFast' },
];
