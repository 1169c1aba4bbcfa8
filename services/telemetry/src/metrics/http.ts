import type { Span } from '@opentelemetry/api';
import { Counter, Gauge, Histogram } from 'prom-client';
import { exemplar } from '../tracing/span.ts';
import type { Registry } from './registry.ts';
import { room } from './room.ts';

/** From 5 ms to 10 s. How many were faster than a service level asks for is exact at a bound only: 300 ms is one for that. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1, 2.5, 10];

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
export const UNMATCHED = 'unmatched';
const OTHER = 'other';

/**
 * So many label sets are told apart, and all that come later are counted together, so that nobody can grow us by what they ask
 * for. A set costs the histogram of durations 13 series and a counter one, so there is less room in the histogram. What callers can
 * provoke at will, from 400 on, has a room of its own, so that it does not take that of what goes well. A process has 2,000 series.
 */
const ROOM = {
  requests: 80,
  requestsFrom400: 120,
  errors: 120,
  sizes: 50,
  durations: 50,
  durationsOf4xx: 4,
  durationsOf5xx: 3,
};

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
    help: 'Size of HTTP answers: their sum and number, and so their mean.',
    labelNames: ['method', 'route'],
    // Nobody asks for more than the mean, and buckets would be 200 series.
    buckets: [],
    registers,
  });
  const requestRoom = room(ROOM.requests);
  const requestRoomFrom400 = room(ROOM.requestsFrom400);
  const errorRoom = room(ROOM.errors);
  const sizeRoom = room(ROOM.sizes);
  const durationRoom = room(ROOM.durations);
  const durationRoomOf4xx = room(ROOM.durationsOf4xx);
  const durationRoomOf5xx = room(ROOM.durationsOf5xx);

  return {
    begin() {
      inFlight.inc();
    },
    end(request) {
      inFlight.dec();
      const { status, seconds, bytes, errorType } = request;
      const { method, route } = endpointOf(request);
      const exact = { method, route, status_code: String(status) };
      const shared = { ...REST, status_code: `${Math.floor(status / 100)}xx` };
      const key = `${method} ${route}`;
      const keyOfStatus = `${key} ${status}`;
      const inTotal = status < 400 ? requestRoom : requestRoomFrom400;
      total.inc(inTotal(keyOfStatus) ? exact : shared);
      const inDuration =
        status < 400 ? durationRoom : status < 500 ? durationRoomOf4xx : durationRoomOf5xx;
      duration.observe({
        labels: inDuration(keyOfStatus) ? exact : shared,
        value: seconds,
        exemplarLabels: exemplar(request.span),
      });
      size.observe(sizeRoom(key) ? { method, route } : REST, bytes);
      if (errorType !== undefined) {
        const known = errorRoom(`${key} ${errorType}`);
        errors.inc({ ...(known ? { method, route } : REST), type: known ? errorType : OTHER });
      }
    },
  };
}

/** What is counted together. */
const REST = { method: OTHER, route: UNMATCHED };

/**
 * The labels of what answered. HEAD is answered by the route of GET. A method that a path does not have (405) has no more of a
 * route than a path that does not exist, and must not give every path eight.
 */
function endpointOf({ method, route, status }: FinishedRequest): { method: string; route: string } {
  if (status === 405) return REST;
  const known = method === 'HEAD' ? 'GET' : method;
  return { method: METHODS.has(known) ? known : OTHER, route: route ?? UNMATCHED };
}
