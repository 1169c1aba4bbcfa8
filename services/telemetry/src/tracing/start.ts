import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { RetryingExporter } from './exporter.ts';
import { instrumentations } from './instrumentations.ts';
import { traceRedis } from './ioredis.ts';
import { CountingProcessor } from './processor.ts';
import { setRunning } from './running.ts';
import type { TracingSettings } from './settings.ts';

/** A batch is tried this long, in milliseconds, before it is given up: a collector that is replaced is back sooner. */
const GIVE_UP_AFTER = 120_000;

/** Starts tracing for this process. */
export function startTracing(settings: TracingSettings): void {
  const attributes = {
    'service.version': settings.version,
    'service.instance.id': settings.instance,
    'deployment.environment.name': settings.environment,
    // OTEL_RESOURCE_ATTRIBUTES has the last word.
    ...detectResources({ detectors: [envDetector] }).attributes,
  };
  // exporter-jaeger writes the resource into every single span; given as tags of the process they are sent once a batch.
  const jaeger = settings.exporter === 'jaeger';
  const sdk = new NodeSDK({
    serviceName: settings.service,
    resource: resourceFromAttributes(jaeger ? {} : attributes),
    autoDetectResources: false,
    instrumentations: instrumentations(),
    spanProcessors: [processor(settings, () => exporter(settings, attributes))],
    ...(settings.ratio === undefined
      ? {}
      : {
          sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.ratio) }),
        }),
    // Metrics and logs go their own way; left out, the SDK would push both to a collector on localhost.
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  traceRedis();
  setRunning(sdk);
}

function exporter(settings: TracingSettings, attributes: Record<string, unknown>): SpanExporter {
  if (settings.exporter === 'otlp') {
    return new OTLPTraceExporter({ timeoutMillis: settings.attemptTimeout });
  }
  const config = {
    endpoint: settings.jaegerEndpoint,
    tags: Object.entries(attributes).map(([key, value]) => ({ key, value: String(value) })),
    // How long its shutdown may flush, and the time that it then holds the process open. By then nothing is left to flush.
    flushTimeout: 100,
    // Not in its types but passed on to its sender: one request a batch. At the sender's own 100 spans, a failure in the
    // middle of a batch would silently leave out the rest.
    maxSpanBatchSize: settings.batchLimit + 1,
  };
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- for receivers that speak Thrift; OTLP is one setting away
  const jaegerExporter = new JaegerExporter(config);
  return {
    export: (spans, done) => {
      jaegerExporter.export(spans.map(withoutScope), done);
    },
    shutdown: () => jaegerExporter.shutdown(),
  };
}

/** Which library began a span interests nobody, and exporter-jaeger would write it into each, as two tags of nine. */
function withoutScope(span: ReadableSpan): ReadableSpan {
  return Object.create(span, { instrumentationScope: { value: undefined } }) as ReadableSpan;
}

function processor(settings: TracingSettings, create: () => SpanExporter): CountingProcessor {
  const retrying = new RetryingExporter(create, {
    // A little later than the OTLP exporter's own limit, so that its reason is the one that is told.
    attemptTimeout: settings.attemptTimeout + 500,
    giveUpAfter: GIVE_UP_AFTER,
    firstDelay: 250,
  });
  return new CountingProcessor(
    retrying,
    settings.queueLimit,
    (counted) =>
      new BatchSpanProcessor({
        exporter: counted,
        maxQueueSize: settings.queueLimit,
        maxExportBatchSize: settings.batchLimit,
        scheduledDelayMillis: settings.batchDelay,
        // The exporter above ends each batch by itself; a shorter limit here would start the next one beside it.
        exportTimeoutMillis: GIVE_UP_AFTER + 2 * settings.attemptTimeout,
      }),
  );
}
