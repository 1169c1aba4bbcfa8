import { Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** What is broken on purpose; without a series where `FAULTS` is off. */
export function createFaultMetrics(registry: Registry) {
  return {
    faultActive: new Gauge({
      name: 'fault_active',
      help: '1 while a fault is on in this process, 0 while it is not',
      labelNames: ['fault'] as const,
      registers: [registry],
    }),
  };
}

export type FaultMetrics = ReturnType<typeof createFaultMetrics>;
