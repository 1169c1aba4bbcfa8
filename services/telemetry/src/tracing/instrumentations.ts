import type { Instrumentation } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { isOperational } from '../operational.ts';

/** The instrumentations in use, and only these: each costs on every request. Few spans, each worth reading. */
export function instrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation({
      // Suppresses everything below such a request too: no SQL span from a health check.
      ignoreIncomingRequestHook: ({ url }) => url !== undefined && isOperational(url),
    }),
    // Here for the route in the name of the request's span; a span per middleware or router says nothing.
    new ExpressInstrumentation({
      ignoreLayersType: [
        ExpressLayerType.MIDDLEWARE,
        ExpressLayerType.ROUTER,
        ExpressLayerType.REQUEST_HANDLER,
      ],
    }),
    new PgInstrumentation({
      requireParentSpan: true,
      // Waiting for a connection is a metric (db_pool_waiting_requests), not a span on every query.
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => {
        if (query.name !== undefined) span.updateName(query.name);
      },
    }),
    new IORedisInstrumentation({
      requireParentSpan: true,
      dbStatementSerializer: (command, args) => `${command} ${keyShape(args[0])}`.trimEnd(),
    }),
    new UndiciInstrumentation(),
  ];
}

/**
 * The form of a Redis key, `session:?` for `session:8f3…`: what it is for, without ids and tokens. Anything that is not
 * a key (a script's hash, a number) is left out.
 */
function keyShape(key: unknown): string {
  if (typeof key !== 'string' || !/^[a-z]/i.test(key) || key.length > 256) return '';
  return key
    .split(':')
    .map((part) => (/^[a-z_-]{1,32}$/i.test(part) ? part : '?'))
    .join(':');
}
