import { felt } from '../consequences.ts';
import type { Incident } from '../drill.ts';
import { fault } from '../faults.ts';

export const incident: Incident = {
  what: 'Blocks the event loop of every process for most of each second.',
  by: fault('event-loop-block', { milliseconds: 600 }),
  raises: { alertname: 'EventLoopLagHigh', labels: { service: 'api' } },
  alsoFires: felt,
  seconds: 330,
};
