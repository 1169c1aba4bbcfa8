import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Has the market quote nothing, though its leader leads.',
  by: fault('market-stall'),
  raises: { alertname: 'QuotesStale' },
  alsoFires: felt,
  seconds: 80,
};
