import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has the market quote nothing until it is felt in the business: nobody can trade.',
  by: fault('market-stall'),
  raises: { alertname: 'NoTradesExecuted' },
  alsoFires: [...felt, { alertname: 'QuotesStale' }],
  seconds: 930,
};
