import { Counter } from 'prom-client';
import type { Registry } from './registry.ts';

export interface CacheMetrics {
  cacheHit: (cacheType: string) => void;
  cacheMiss: (cacheType: string) => void;
}

/** Hits and misses of caches, by the kind of thing that is cached. */
export function createCacheMetrics(registry: Registry): CacheMetrics {
  const hits = new Counter({
    name: 'cache_hits_total',
    help: 'Look-ups that the cache could answer.',
    labelNames: ['cache_type'],
    registers: [registry],
  });
  const misses = new Counter({
    name: 'cache_misses_total',
    help: 'Look-ups that had to go to the source.',
    labelNames: ['cache_type'],
    registers: [registry],
  });
  return {
    cacheHit(cacheType) {
      hits.inc({ cache_type: cacheType });
    },
    cacheMiss(cacheType) {
      misses.inc({ cache_type: cacheType });
    },
  };
}
