import type { Span } from '@opentelemetry/api';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'winston';
import { bindContext, contextFromHeaders, runInContext } from './context.ts';
import type { Debug } from './logs/debug.ts';
import { debugRequest } from './logs/requests.ts';
import type { HttpMetrics } from './metrics/http.ts';
import { isOperational } from './operational.ts';
import { watchRoute } from './route.ts';
import { endServerSpan, inServerSpan, untraced } from './tracing/server.ts';

const SLOW_MS = 1_000;
/** What nginx logs when the caller left before the answer; the standard has no code for it. */
const CLIENT_CLOSED = 499;

const recordedErrors = new WeakMap<Response, Error>();

/** Keeps the error that a request failed with for its log line and metric. */
export function recordError(response: Response, error: unknown): void {
  recordedErrors.set(response, error instanceof Error ? error : new Error(String(error)));
}

/**
 * The first middleware of a service: takes or makes the ids and answers with them, carries them through everything the
 * request starts, traces, counts and times it, and logs it when it comes and when it is done.
 *
 * @param debug where headers and bodies are written to, if they are
 */
export function httpMiddleware(
  logger: Logger,
  metrics: HttpMetrics,
  debug?: Debug,
): RequestHandler {
  return (request, response, next) => {
    const context = contextFromHeaders(request.headers);
    const path = pathOf(request.originalUrl);
    response.setHeader('X-Request-ID', context.requestId);
    response.setHeader('X-Correlation-ID', context.correlationId);
    runInContext(context, () => {
      const run = (span?: Span): void => {
        observe({ request, response, path, span }, logger, metrics, debug);
        next();
      };
      if (isOperational(path)) untraced(run);
      else inServerSpan(request, { path, requestId: context.requestId }, run);
    });
  };
}

interface Observed {
  request: Request;
  response: Response;
  path: string;
  /** None where nobody but machines asks: see {@link isOperational}. */
  span: Span | undefined;
}

function observe(
  { request, response, path, span }: Observed,
  logger: Logger,
  metrics: HttpMetrics,
  debug: Debug | undefined,
): void {
  const start = performance.now();
  const { method } = request;
  const operational = span === undefined;
  const level = operational ? 'debug' : 'http';
  const route = watchRoute(request);
  // Both are gone when the connection is.
  const { socket } = response;
  const address = request.ip;
  const bytesBefore = socket?.bytesWritten ?? 0;
  if (!operational) metrics.begin();
  logger.log(level, `${method} ${path} received`, { method, path });

  // `close` comes after every end, also when the caller has left; bound, so that its log line has this request's ids.
  const finish = (): void => {
    const milliseconds = performance.now() - start;
    const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED;
    const error = recordedErrors.get(response);
    const bytes = bytesOf(response, (socket?.bytesWritten ?? 0) - bytesBefore);
    const template = route();
    if (!operational) {
      metrics.end({
        method,
        route: template,
        status,
        seconds: milliseconds / 1000,
        bytes,
        errorType: errorTypeOf(status, error),
        span,
      });
      endServerSpan(span, { method, route: template, status, error });
    }
    const fields = {
      method,
      path,
      route: template,
      status,
      durationMs: Math.round(milliseconds * 1000) / 1000,
      bytes,
      address,
      userAgent: request.headers['user-agent'],
    };
    if (debug && !operational) debugRequest(debug, path, request);
    if (status >= 500 && !(operational && status === 503)) {
      const { name, message, cause, stack } = error ?? {};
      const reason = name && { name, message, cause };
      logger.error(`${method} ${path} ${status}`, { ...fields, error: reason, stack });
    } else if (milliseconds > SLOW_MS && !operational) {
      logger.warn(`Slow request: ${method} ${path} ${status}`, fields);
    } else {
      logger.log(level, `${method} ${path} ${status}`, fields);
    }
  };
  response.once('close', bindContext(finish));
}

function errorTypeOf(status: number, error: Error | undefined): string | undefined {
  if (status === CLIENT_CLOSED) return 'aborted';
  if (status >= 500)
    return error !== undefined && /^\w{1,64}$/.test(error.name) ? error.name : 'unknown';
  return status >= 400 ? 'client' : undefined;
}

/** The body's length where it was declared, else all that was sent. */
function bytesOf(response: Response, sent: number): number {
  const declared = Number(response.getHeader('content-length'));
  return Number.isNaN(declared) ? sent : declared;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
