import type { Instrumentation } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { PgInstrumentation } from './pg.ts';

/**
 * What is patched, and only this: each costs on every request. Few spans, each worth reading. An incoming request has its
 * span from `telemetry.http()`, which knows the route; a Redis command from `ioredis.ts`.
 */
export function instrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
    new UndiciInstrumentation(),
    new PgInstrumentation(),
  ];
}
