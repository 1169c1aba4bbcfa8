import { Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** Whether customers can do what they come for, as the walk of a moment ago found. */
export function createJourneyMetrics(registry: Registry) {
  const registers = [registry];
  return {
    journeySuccess: new Gauge({
      name: 'journey_success',
      help: 'Whether a step of a synthetic journey could be done when it was last walked: 1 or 0',
      labelNames: ['journey', 'step'] as const,
      registers,
    }),
    journeyDuration: new Gauge({
      name: 'journey_duration_seconds',
      help: 'Time that a step of a synthetic journey took when it was last walked; none when it failed',
      labelNames: ['journey', 'step'] as const,
      registers,
    }),
  };
}
