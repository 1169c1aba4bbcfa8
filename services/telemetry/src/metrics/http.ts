import type { Span } from '@opentelemetry/api';
import { Counter, Gauge, Histogram } from 'prom-client';
import { exemplar } from '../tracing/span.ts';
import type { Registry } from './registry.ts';

/** From 5 ms to 10 s. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZE_BUCKETS = [100, 1_000, 10_000, 100_000, 1_000_000];

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** So many routes are told apart, at about 23 series each; whatever makes up route names cannot grow us beyond. */
const ROUTE_LIMIT = 80;
export const UNMATCHED = 'unmatched';

/** One finished request, as the metrics see it. */
export interface FinishedRequest {
  method: string;
  /** The template of the route that answered; undefined when there was none. */
  route: string | undefined;
  status: number;
  seconds: number;
  /** Bytes of the body where its length was declared, else of all that was sent. */
  bytes: number;
  /** What kind of error it ended with, if any. */
  errorType: string | undefined;
  span: Span | undefined;
}

export interface HttpMetrics {
  begin: () => void;
  end: (request: FinishedRequest) => void;
}

/** Rate, errors and duration of HTTP requests. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const total = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['method', 'route', 'status_code'],
    registers,
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from receiving a request to the end of its answer.',
    labelNames: ['method', 'route', 'status_code'],
    buckets: DURATION_BUCKETS,
    enableExemplars: true,
    registers,
  });
  const errors = new Counter({
    name: 'http_requests_errors_total',
    help: 'HTTP requests that ended in an error: the name of the error for our faults (5xx), `client` for 4xx, `aborted` when the caller left.',
    labelNames: ['method', 'route', 'type'],
    registers,
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests being worked on.',
    registers,
  });
  const size = new Histogram({
    name: 'http_response_size_bytes',
    help: 'Size of HTTP answers.',
    labelNames: ['method', 'route'],
    buckets: SIZE_BUCKETS,
    registers,
  });
  const routes = new Set<string>();

  function routeLabel(route: string | undefined): string {
    if (route === undefined) return UNMATCHED;
    if (!routes.has(route)) {
      if (routes.size >= ROUTE_LIMIT) return UNMATCHED;
      routes.add(route);
    }
    return route;
  }

  return {
    begin() {
      inFlight.inc();
    },
    end(request) {
      inFlight.dec();
      const method = METHODS.has(request.method) ? request.method : 'other';
      const route = routeLabel(request.route);
      const labels = { method, route, status_code: String(request.status) };
      total.inc(labels);
      duration.observe({
        labels,
        value: request.seconds,
        exemplarLabels: exemplar(request.span),
      });
      size.observe({ method, route }, request.bytes);
      if (request.errorType !== undefined) errors.inc({ method, route, type: request.errorType });
    },
  };
}
