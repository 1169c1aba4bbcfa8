import { findPackageJSON } from 'node:module';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { cannotStart } from '../cannot-start.ts';

const ratio = z.coerce.number().min(0).max(1);
const milliseconds = z.coerce.number().int().positive();
const endpoint = z.url({
  protocol: /^https?$/,
  error: 'expected an address such as http://localhost:4318',
});

/**
 * What `register` takes from the environment: the only place in this library that reads it, because nobody calls
 * `register` and could pass anything. Names and meanings are OpenTelemetry's own where it has one.
 */
const Environment = z.object({
  OTEL_SERVICE_NAME: z.string().min(1).default('unknown_service'),
  OTEL_TRACES_EXPORTER: z.enum(['jaeger', 'otlp', 'none']).default('jaeger'),
  OTEL_TRACES_SAMPLER: z.string().optional(),
  OTEL_TRACES_SAMPLER_ARG: ratio.default(1),
  OTEL_EXPORTER_JAEGER_ENDPOINT: endpoint.default('http://collector:14268/api/traces'),
  // Read by the exporter itself; here, so that a wrong one is told at the start and not at each attempt.
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint.optional(),
  OTEL_EXPORTER_JAEGER_TIMEOUT: milliseconds.default(5_000),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds.default(5_000),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds.default(1_000),
  OTEL_BSP_MAX_QUEUE_SIZE: milliseconds.default(8_192),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: milliseconds.default(512),
  ENVIRONMENT: z.string().min(1).default('development'),
});

/** How this process traces. */
export interface TracingSettings {
  service: string;
  version: string;
  instance: string;
  environment: string;
  exporter: 'jaeger' | 'otlp' | 'none';
  /** Share of traces begun here that is kept; undefined when OTEL_TRACES_SAMPLER names another sampler. */
  ratio: number | undefined;
  jaegerEndpoint: string;
  /** Milliseconds one attempt to send may take. */
  attemptTimeout: number;
  /** Milliseconds that a span waits at most for its batch to fill. */
  batchDelay: number;
  /** Spans that may wait; more are dropped and counted. */
  queueLimit: number;
  batchLimit: number;
}

/**
 * Reads and checks the settings.
 * @throws Error naming each variable that is wrong, what was expected and what came.
 */
export function readTracingSettings(environment: NodeJS.ProcessEnv): TracingSettings {
  // Compose passes unset variables on as empty ones; both mean the default.
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = Environment.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    throw cannotStart('Tracing cannot start with these settings', parsed.error, environment);
  }
  const env = parsed.data;
  return {
    service: env.OTEL_SERVICE_NAME,
    version: versionOfEntry(process.argv[1]),
    instance: hostname(),
    environment: env.ENVIRONMENT,
    exporter: env.OTEL_TRACES_EXPORTER,
    ratio: env.OTEL_TRACES_SAMPLER === undefined ? env.OTEL_TRACES_SAMPLER_ARG : undefined,
    jaegerEndpoint: env.OTEL_EXPORTER_JAEGER_ENDPOINT,
    attemptTimeout:
      env.OTEL_TRACES_EXPORTER === 'jaeger'
        ? env.OTEL_EXPORTER_JAEGER_TIMEOUT
        : env.OTEL_EXPORTER_OTLP_TIMEOUT,
    batchDelay: env.OTEL_BSP_SCHEDULE_DELAY,
    queueLimit: env.OTEL_BSP_MAX_QUEUE_SIZE,
    batchLimit: Math.min(env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, env.OTEL_BSP_MAX_QUEUE_SIZE),
  };
}

/** The version in the package.json that the started file belongs to. */
function versionOfEntry(entry: string | undefined): string {
  const path = entry === undefined ? undefined : findPackageJSON(pathToFileURL(entry));
  // Where there is none, Node gives the started file itself.
  if (path === undefined || basename(path) !== 'package.json') return 'unknown';
  const manifest = z
    .object({ version: z.string() })
    .safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return manifest.data?.version ?? 'unknown';
}
