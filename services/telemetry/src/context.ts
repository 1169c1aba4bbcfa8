import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { context } from '@opentelemetry/api';

/** What belongs to one request or job, carried by AsyncLocalStorage: nobody passes it around. */
export interface RequestContext {
  /** Names this one request; what a customer sees in an error. */
  requestId: string;
  /** Names the whole undertaking, across services, jobs and retries. */
  correlationId: string;
  /** Who it is done for, once that is known. */
  userId?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** An id that may be passed on and logged: 1 to 128 of letters, digits, `.`, `_` and `-`. */
const WELL_FORMED_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The context of the running request or job; undefined outside of one. */
export function currentContext(): Readonly<RequestContext> | undefined {
  return storage.getStore();
}

/** Runs `run`, and everything that it starts, in the given context. */
export function runInContext<T>(ids: RequestContext, run: () => T): T {
  return storage.run(ids, run);
}

/**
 * A function that runs in the context of now, wherever it is called: for callbacks of what many requests share, a pool or a
 * socket. `AsyncResource.bind` does the same, and costs several times as much.
 */
export function bindContext<Arguments extends unknown[], Result>(
  run: (...parameters: Arguments) => Result,
): (...parameters: Arguments) => Result {
  const ids = storage.getStore();
  const traced = context.active();
  return (...parameters) => {
    const inTrace = (): Result => context.with(traced, () => run(...parameters));
    return ids === undefined ? storage.exit(inTrace) : storage.run(ids, inTrace);
  };
}

/** Says who the running request is for; every later log line of it carries `userId`. Outside of a request it does nothing. */
export function setUser(userId: string): void {
  const ids = storage.getStore();
  if (ids !== undefined) ids.userId = userId;
}

/**
 * The context for an incoming request: the caller's ids where they are well formed, new ones otherwise, so that nobody
 * can write into our logs through a header. Without a correlation id the request's own id starts the chain.
 */
export function contextFromHeaders(headers: Record<string, unknown>): RequestContext {
  const requestId = wellFormed(headers['x-request-id']) ?? randomUUID();
  return { requestId, correlationId: wellFormed(headers['x-correlation-id']) ?? requestId };
}

/** Headers for an outgoing call: `X-Request-ID` and `X-Correlation-ID` of the running request, none outside of one. */
export function outgoingHeaders(): Record<string, string> {
  const ids = storage.getStore();
  if (ids === undefined) return {};
  return { 'X-Request-ID': ids.requestId, 'X-Correlation-ID': ids.correlationId };
}

function wellFormed(value: unknown): string | undefined {
  return typeof value === 'string' && WELL_FORMED_ID.test(value) ? value : undefined;
}
