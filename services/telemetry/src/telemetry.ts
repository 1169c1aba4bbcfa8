import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attributes, Span } from '@opentelemetry/api';
import type { RequestHandler, Response } from 'express';
import { Counter } from 'prom-client';
import type { Logger } from 'winston';
import { z } from 'zod';
import { type AuditEvent, createAudit } from './audit/audit.ts';
import { cannotStart } from './cannot-start.ts';
import { httpMiddleware, recordError } from './http.ts';
import { createDebug, type Debug } from './logs/debug.ts';
import { createLogging, LOG_LEVELS, type LogLevel } from './logs/logger.ts';
import { nowAndThen } from './logs/now-and-then.ts';
import { createCacheMetrics } from './metrics/cache.ts';
import { createDatabaseMetrics, type PoolState } from './metrics/database.ts';
import { metricsEndpoint } from './metrics/endpoint.ts';
import { createHttpMetrics } from './metrics/http.ts';
import { observeOperations } from './metrics/operations.ts';
import { createRegistry, type Registry } from './metrics/registry.ts';
import { endOnUncaught } from './sinks/uncaught.ts';
import { losses, onExportFailure } from './tracing/losses.ts';
import { stopTracing } from './tracing/running.ts';
import { inSpan } from './tracing/span.ts';

/** What `createTelemetry` is told of the service. */
export interface TelemetryOptions {
  /** The service's name, as in OTEL_SERVICE_NAME. */
  service: string;
  /** The service's version: on every log line, and in `build_info`. */
  version: string;
  /** Commit that was built. */
  revision?: string;
  /** `production`, `demo`, … */
  environment: string;
  /** Tells replicas apart; the host's name when not given. */
  instance?: string;
  /** Lines less important than this are not written. It can be changed later: `logger.level = 'debug'`. */
  logLevel: LogLevel;
  /** Directory for `<service>-<instance>.log` and `….audit.log`; without it lines go to standard output only. */
  logDirectory?: string;
  /** Namespaces whose debug lines are written whatever the level is: `app:*,-app:market`. */
  debug?: string;
  /** Writes headers and bodies of requests as debug lines, whatever the level is. For local work. */
  debugRequests?: boolean;
  /** Sentry's address and key for a project: lines of level `error` go there as well, uncaught exceptions among them. */
  sentryDsn?: string;
  /** A CloudWatch log group: all lines go there as well, those of the audit stream too. Region and credentials are read by AWS's SDK itself. */
  cloudwatchLogGroup?: string;
}

/** Logs, metrics and traces of one service. */
export interface Telemetry {
  /** winston; every line carries the running request's ids and span, secrets are redacted, and nothing ever blocks. */
  logger: Logger;
  /** Gives what writes the debug lines of a namespace, such as `app:market`; to be asked for once, not for each line. */
  debug: (namespace: string) => Debug;
  /** Writes a line of the audit stream, chained by hashes to the one before (`audit/chain.ts`). Never waits, never fails. */
  audit: (event: AuditEvent) => void;
  /** prom-client, OpenMetrics; register the service's own metrics here. */
  registry: Registry;
  /** The first middleware: request and correlation ids, context, rate, errors, duration, request log. */
  http: () => RequestHandler;
  /** Tells what a request failed with, so that its log line has the stack and `http_requests_errors_total` the name. */
  recordError: (response: Response, error: unknown) => void;
  /** `GET /metrics`: OpenMetrics with exemplars or Prometheus text, by `Accept`. */
  metricsEndpoint: () => RequestHandler;
  /** Exposes a pool that opens at most `max` connections as `db_pool_*`, in connections. Several pools are summed. */
  observePool: (pool: PoolState, max: number) => void;
  /** Runs a query and times it, in seconds; `operation` and `table` are labels, so of few values. Its error goes on to the caller. */
  observeQuery: <T>(operation: string, table: string, run: () => Promise<T>) => Promise<T>;
  /** Counts a look-up that a cache could answer; few kinds of caches, as it is a label. */
  cacheHit: (cacheType: string) => void;
  /** Counts a look-up that had to go to the source. */
  cacheMiss: (cacheType: string) => void;
  /** Runs `run` in a span; an error is recorded on it and goes on to the caller. */
  span: <T>(name: string, attributes: Attributes, run: (span: Span) => Promise<T>) => Promise<T>;
  /**
   * Sends waiting spans and writes waiting log lines, for at most five seconds. The last thing before the process ends, which it can
   * when no write hangs.
   */
  close: () => Promise<void>;
}

/** Together less than the ten seconds that Docker and Kubernetes' grace periods leave after requests have ended. */
const TRACES_LIMIT_MS = 3_000;
const LOGS_LIMIT_MS = 2_000;

/**
 * Logs, metrics and traces for one service; call it once, in `main.ts`. It reads how far the audit files have got and opens nothing
 * for writing yet. A log directory that cannot be written to is no reason to fail: a warning a minute tells of it, and lines that do
 * not fit into memory any more are counted in `telemetry_log_lines_dropped_total`.
 *
 * @throws Error naming each option that is wrong, what was expected and what came; types alone do not keep out what an environment says
 */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { error } = Options.safeParse(options);
  if (error) throw cannotStart('Telemetry cannot start with these options', error, { ...options });
  const { service, version, revision = 'unknown', environment, instance = hostname() } = options;
  const registry = createRegistry({ version, revision });
  const dropped = new Counter({
    name: 'telemetry_log_lines_dropped_total',
    help: 'Log lines lost because what they go to was too slow, full or away.',
    labelNames: ['target'],
    registers: [registry],
  });
  const logging = createLogging({
    origin: { service, version, environment, instance },
    revision,
    sentryDsn: options.sentryDsn,
    cloudwatchLogGroup: options.cloudwatchLogGroup,
    level: options.logLevel,
    directory: options.logDirectory,
    lines: new Counter({
      name: 'telemetry_log_lines_total',
      help: 'Log lines given to be written.',
      labelNames: ['level'],
      registers: [registry],
    }),
    dropped,
  });
  dropped.inc({ target: 'audit' }, 0);
  const { audit, close: closeAudit } = createAudit({
    logging,
    path: options.logDirectory && join(options.logDirectory, `${service}-${instance}.audit.log`),
    onDropped: (lines) => {
      dropped.inc({ target: 'audit' }, lines);
    },
  });
  const debug = createDebug(logging, options.debug ?? '');
  const requests = options.debugRequests ? createDebug(logging, '*')('requests') : undefined;
  const httpMetrics = createHttpMetrics(registry);
  const stopOperations = observeOperations(registry);
  const { logger } = logging;
  onExportFailure(
    nowAndThen(({ message }) => {
      logger.warn('Spans cannot be sent; trying again', { reason: message, ...losses });
    }),
  );
  const telemetry: Telemetry = {
    logger,
    debug,
    audit,
    registry,
    http: () => httpMiddleware(logger, httpMetrics, requests),
    recordError,
    metricsEndpoint: () => metricsEndpoint(registry),
    ...createDatabaseMetrics(registry),
    ...createCacheMetrics(registry),
    span: inSpan,
    async close() {
      stopCatching?.();
      stopOperations();
      onExportFailure(undefined);
      const limit = delay(TRACES_LIMIT_MS, undefined, { ref: false });
      // A receiver that is away is no reason for a failed exit; what it cost is in the metrics.
      await Promise.race([stopTracing().catch(() => undefined), limit]);
      await Promise.all([logging.close(LOGS_LIMIT_MS), closeAudit(LOGS_LIMIT_MS)]);
    },
  };
  const stopCatching =
    options.sentryDsn === undefined ? undefined : endOnUncaught(logger, () => telemetry.close());
  return telemetry;
}

const Options = z.object({
  service: z.string().min(1),
  version: z.string().min(1),
  environment: z.string().min(1),
  logLevel: z.enum(Object.keys(LOG_LEVELS)),
});
