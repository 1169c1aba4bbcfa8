import { felt } from '../consequences.ts';
import { cutOff } from '../containers.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Cuts PostgreSQL off from the network.',
  by: cutOff('postgres'),
  raises: { alertname: 'DependencyDown', labels: { service: 'postgres' } },
  // The worker's gauges come from the database, the market's leadership is a lock in it, and the exporter waits for it.
  alsoFires: [
    ...felt,
    { alertname: 'QuotesStale' },
    { alertname: 'MarketWithoutLeader' },
    { alertname: 'ServiceDown', labels: { service: 'postgres-exporter' } },
  ],
  seconds: 60,
};
