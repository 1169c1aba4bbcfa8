import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from './registry.ts';

/** Streams of quotes and orders, and what is read beside them. */
export function createStreamMetrics(registry: Registry) {
  const registers = [registry];
  return {
    streamConnections: new Gauge({
      name: 'websocket_connections',
      help: 'Streams that are open',
      registers,
    }),
    streamMessages: new Counter({
      name: 'websocket_messages_total',
      help: 'Messages of streams; invalid: those that were refused',
      labelNames: ['type', 'direction'] as const,
      registers,
    }),
    streamDuration: new Histogram({
      name: 'price_stream_duration_seconds',
      help: 'How long streams lasted in which a customer had authenticated',
      buckets: [1, 5, 15, 60, 300, 900, 3600, 14_400],
      registers,
    }),
    contentAccess: new Counter({
      name: 'content_access_total',
      help: 'Research notes read; private ones are for subscribers',
      labelNames: ['type', 'character'] as const,
      registers,
    }),
  };
}
