import { Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** What is broken on purpose: as a rule nothing, and then there is no series. */
export function createFaultMetrics(registry: Registry) {
  return {
    faultActive: new Gauge({
      name: 'fault_active',
      help: '1 while a fault is on in this process; absent while it is not',
      labelNames: ['fault'] as const,
      registers: [registry],
    }),
  };
}

export type FaultMetrics = ReturnType<typeof createFaultMetrics>;
