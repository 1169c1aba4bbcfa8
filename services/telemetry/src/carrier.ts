import { randomUUID } from 'node:crypto';
import { context, ROOT_CONTEXT, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { currentContext, runInContext } from './context.ts';

/** What a job or an outbox row keeps so that its work joins the request that caused it. Plain strings, so JSON-safe. */
export interface Carrier {
  /** The request that caused the work. */
  requestId: string;
  /** The whole undertaking that it is part of. */
  correlationId: string;
  /** Who it is done for, once that is known. */
  userId?: string;
  /** The span that it was captured in, as W3C Trace Context; absent when nothing is traced. */
  traceparent?: string;
  /** What other tracing systems passed along with it. */
  tracestate?: string;
}

const setter: TextMapSetter<Carrier> = {
  set(carrier, key, value) {
    if (key === 'traceparent' || key === 'tracestate') carrier[key] = value;
  },
};
const getter: TextMapGetter<Carrier> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => (key === 'traceparent' || key === 'tracestate' ? carrier[key] : undefined),
};
// Its own propagator: the format of a stored row must not depend on what OTEL_PROPAGATORS says today.
const propagator = new W3CTraceContextPropagator();

/** The running request's ids and span, to be stored with a job. Outside of a request it starts new ids. */
export function captureCarrier(): Carrier {
  const requestId = randomUUID();
  const carrier: Carrier = { requestId, correlationId: requestId, ...currentContext() };
  propagator.inject(context.active(), carrier, setter);
  return carrier;
}

/**
 * Runs `run` with the ids of a stored carrier; spans begun in it are children of the span that the carrier was captured
 * in, and log lines carry its ids. A carrier without a valid `traceparent` starts a trace of its own. Errors of `run` go on to
 * the caller.
 */
export function runWithCarrier<T>(carrier: Carrier, run: () => Promise<T>): Promise<T> {
  const { requestId, correlationId, userId } = carrier;
  const ids = { requestId, correlationId, ...(userId === undefined ? {} : { userId }) };
  const parent = propagator.extract(ROOT_CONTEXT, carrier, getter);
  return runInContext(ids, () => context.with(parent, run));
}
