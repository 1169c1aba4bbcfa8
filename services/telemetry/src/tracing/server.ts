import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { Request } from 'express';
import { tracer } from './span.ts';

/** How a request ended, as its span tells it. */
export interface RequestEnd {
  method: string;
  /** The template of the route that answered; undefined when there was none. */
  route: string | undefined;
  status: number;
  /** What it failed with, if anything did. */
  error: Error | undefined;
}

/**
 * Runs `run` in the span of an incoming request: a child of the caller's span where its headers name one (W3C Trace
 * Context), else the first of a trace. Attributes and name follow OpenTelemetry's conventions for HTTP servers
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), those few that somebody looks for; what a
 * general instrumentation adds to each span cost more than all the rest of the request.
 */
export function inServerSpan(
  request: Request,
  attributes: { path: string; requestId: string },
  run: (span: Span) => void,
): void {
  const parent = propagation.extract(ROOT_CONTEXT, request.headers);
  const span = tracer.startSpan(
    request.method,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': request.method,
        'url.path': attributes.path,
        'request.id': attributes.requestId,
      },
    },
    parent,
  );
  context.with(trace.setSpan(parent, span), run, undefined, span);
}

/** Runs `run` so that nothing below it is traced: health checks and scrapes. */
export function untraced(run: () => void): void {
  context.with(suppressTracing(ROOT_CONTEXT), run);
}

/** Ends the span of a request. */
export function endServerSpan(span: Span, { method, route, status, error }: RequestEnd): void {
  if (!span.isRecording()) return;
  span.setAttribute('http.response.status_code', status);
  if (route !== undefined) {
    span.setAttribute('http.route', route);
    span.updateName(`${method} ${route}`);
  }
  if (status >= 500) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    if (error !== undefined) span.recordException(error);
  }
  span.end();
}
