import { createHash } from 'node:crypto';
import type { Contexts, Event, Exception, StackParser } from '@sentry/core';
import type { ServerRuntimeClient } from '@sentry/core/server';
import type { LogOrigin } from '../logs/format.ts';
import { redact } from '../logs/redact.ts';
import { isOperational } from '../operational.ts';
import { REQUEST_LIMIT_MS, type Send } from './remote.ts';

/** What became of an event: taken by Sentry, refused by it, or an error after which it should be sent again. */
type Outcome = 'taken' | 'refused' | Error;

interface Sentry {
  client: ServerRuntimeClient;
  stackParser: StackParser;
  /** What became of the last event; undefined while that is not known. */
  outcome: Outcome | undefined;
}

/** A log line at level `error`, as far as Sentry has a place for its fields. */
interface ErrorLine {
  timestamp: string;
  message: unknown;
  event_id: string;
  requestId?: string;
  correlationId?: string;
  traceId?: string;
  spanId?: string;
  userId?: string;
  method?: string;
  route?: string;
  path?: string;
  error?: unknown;
  stack?: unknown;
}

/** An error as it stands in a log line. */
interface LoggedError {
  name?: unknown;
  message: unknown;
  stack?: unknown;
  cause?: unknown;
}

const MAX_CAUSES = 5;

/**
 * Sends log lines of level `error` to Sentry as events: failed requests, failed jobs, uncaught exceptions. Failed health
 * checks are left out. `onDropped` is told of events that Sentry refuses, because of its rate limits for instance.
 *
 * Of Sentry only the client and the transport are used, not its tracing, its patches of modules or its globals.
 */
export function sendToSentry(
  dsn: string,
  origin: LogOrigin,
  revision: string,
  onDropped: (events: number) => void,
): Send {
  let loading: Promise<Sentry> | undefined;
  return async (lines, closing) => {
    loading ??= load(dsn, origin, revision, closing);
    const sentry = await loading;
    for (const text of lines) {
      const line = JSON.parse(text) as ErrorLine;
      if (line.path !== undefined && isOperational(line.path)) continue;
      sentry.outcome = undefined;
      sentry.client.captureEvent(eventOf(line, origin, sentry.stackParser));
      // One after the other: a burst waits in our queue, which is larger than Sentry's.
      await sentry.client.flush(2 * REQUEST_LIMIT_MS);
      const outcome = sentry.outcome as Outcome | undefined;
      if (outcome instanceof Error) throw outcome;
      if (outcome !== 'taken') onDropped(1);
    }
  };
}

async function load(
  dsn: string,
  origin: LogOrigin,
  revision: string,
  closing: AbortSignal,
): Promise<Sentry> {
  // Loaded only here, so that nobody pays for it who does not use it.
  const [{ createStackParser, createTransport }, { nodeStackLineParser, ServerRuntimeClient }] =
    await Promise.all([import('@sentry/core'), import('@sentry/core/server')]);
  const stackParser = createStackParser(nodeStackLineParser());
  // package@version+build, which Sentry sorts by.
  const release = `${origin.service}@${origin.version}+${revision}`;
  const client = new ServerRuntimeClient({
    dsn,
    release,
    environment: origin.environment,
    serverName: origin.instance,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    traceLifecycle: 'static',
    sendClientReports: false,
    stackParser,
    // The lines are redacted already; this holds for whatever the client adds as well.
    beforeSend: (event) => {
      // A trace that the client made up.
      delete event.sdkProcessingMetadata;
      return { ...(redact(event) as typeof event), release };
    },
    transport: (options) => {
      const recordDroppedEvent = (): void => {
        sentry.outcome ??= 'refused';
      };
      return createTransport({ ...options, recordDroppedEvent }, async ({ body }) => {
        const { url, headers = {} } = options;
        try {
          const response = await post(url, headers, body as string, closing);
          sentry.outcome = outcomeOf(response.status);
          return {
            statusCode: response.status,
            headers: {
              'x-sentry-rate-limits': response.headers.get('x-sentry-rate-limits'),
              'retry-after': response.headers.get('retry-after'),
            },
          };
        } catch (error) {
          sentry.outcome = error as Error;
          throw error;
        }
      });
    },
  });
  const sentry: Sentry = { client, stackParser, outcome: undefined };
  if (client.getTransport() === undefined) {
    throw new Error('the DSN is not one: expected https://KEY@HOST/PROJECT, as Sentry shows it');
  }
  return sentry;
}

async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  closing: AbortSignal,
): Promise<Response> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(REQUEST_LIMIT_MS)]);
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  // Read to its end, so that its connection can be used again.
  await response.arrayBuffer();
  return response;
}

function outcomeOf(status: number): Outcome {
  if (status >= 500) return new Error(`Sentry answered ${status}`);
  return status < 300 ? 'taken' : 'refused';
}

function eventOf(line: ErrorLine, origin: LogOrigin, stackParser: StackParser): Event {
  const {
    timestamp,
    message,
    event_id: id,
    requestId,
    correlationId,
    traceId,
    spanId,
    userId,
    method,
    route,
    error,
    stack,
    ...extra
  } = line;
  const exceptions = exceptionsOf(error, stack, stackParser);
  return {
    // The same line always makes the same id, by which Sentry knows an event that it gets a second time.
    event_id: createHash('sha256').update(id).digest('hex').slice(0, 32),
    timestamp: Date.parse(timestamp) / 1000,
    level: 'error',
    message: typeof message === 'string' ? message : JSON.stringify(message),
    tags: { service: origin.service, requestId, correlationId, traceId },
    // Named even when there is none, or the client would make one up.
    contexts: { trace: traceId && { trace_id: traceId, span_id: spanId } } as Contexts,
    ...(route === undefined ? {} : { transaction: `${method} ${route}` }),
    ...(userId === undefined ? {} : { user: { id: userId } }),
    ...(exceptions.length === 0 ? {} : { exception: { values: exceptions } }),
    extra: { ...extra },
  };
}

/** An error and its causes in Sentry's order, the innermost first. Where the line has only a stack, that says it all. */
function exceptionsOf(error: unknown, stack: unknown, stackParser: StackParser): Exception[] {
  const exceptions: Exception[] = [];
  let next: unknown = isError(error) ? { stack, ...error } : fromStack(stack);
  while (isError(next) && exceptions.length < MAX_CAUSES) {
    exceptions.unshift({
      type: text(next.name) ?? 'Error',
      value: text(next.message) ?? '',
      ...(typeof next.stack === 'string' && { stacktrace: { frames: stackParser(next.stack) } }),
    });
    next = next.cause;
  }
  return exceptions;
}

function isError(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'message' in value;
}

function fromStack(stack: unknown): LoggedError | undefined {
  const [, name, message = ''] = /^(\w+)(?:: (.*))?/.exec(String(stack)) ?? [];
  return typeof stack === 'string' ? { name, message, stack } : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
