import { felt } from '../consequences.ts';
import { killed } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Kills the market, and nobody starts it again.',
  by: killed('market'),
  raises: { alertname: 'ServiceDown', labels: { service: 'market' } },
  alsoFires: felt,
  seconds: 60,
};
