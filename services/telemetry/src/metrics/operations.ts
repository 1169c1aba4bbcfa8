import { PerformanceObserver } from 'node:perf_hooks';
import { Histogram } from 'prom-client';
import { DURATION_BUCKETS } from './http.ts';
import type { Registry } from './registry.ts';
import { room } from './room.ts';

/** So many names are told apart, and all others are `other`: a name built from data must not grow the registry. */
const NAME_LIMIT = 50;

/**
 * Feeds `operation_duration_seconds` from the platform's own User Timing: a `performance.measure('price.tick', …)` anywhere
 * in the service is observed under its name. Returns how to stop.
 */
export function observeOperations(registry: Registry): () => void {
  const duration = new Histogram({
    name: 'operation_duration_seconds',
    help: 'Time of operations that the code measures with performance.measure.',
    labelNames: ['operation'],
    buckets: [0.001, ...DURATION_BUCKETS],
    registers: [registry],
  });
  const hasRoom = room(NAME_LIMIT);
  const observer = new PerformanceObserver((list) => {
    for (const { name, duration: milliseconds } of list.getEntries()) {
      // The platform keeps every measure until it is told not to.
      performance.clearMeasures(name);
      duration.observe({ operation: hasRoom(name) ? name : 'other' }, milliseconds / 1000);
    }
  });
  observer.observe({ entryTypes: ['measure'] });
  return () => {
    observer.disconnect();
  };
}
