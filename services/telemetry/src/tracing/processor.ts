import { type Context, TraceFlags } from '@opentelemetry/api';
import type {
  BatchSpanProcessor,
  ReadableSpan,
  Span,
  SpanExporter,
  SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { losses } from './losses.ts';
import { redactSpan } from './redact-span.ts';

/**
 * A bounded queue before the SDK's batch processor, which has a bound of its own but tells nobody what it drops there.
 * This one is never larger, so nothing is dropped without being counted. Spans are redacted on their way out.
 */
export class CountingProcessor implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #limit: number;
  #waiting = 0;

  /** `build` gets the exporter wrapped so that spans handed to it leave the count of waiting ones. */
  constructor(
    exporter: SpanExporter,
    limit: number,
    build: (exporter: SpanExporter) => BatchSpanProcessor,
  ) {
    this.#limit = limit;
    this.#batches = build({
      export: (spans, done) => {
        this.#waiting -= spans.length;
        spans.forEach(redactSpan);
        exporter.export(spans, done);
      },
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    });
  }

  onStart(span: Span, parent: Context): void {
    this.#batches.onStart(span, parent);
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting >= this.#limit) {
      losses.spansDropped += 1;
      return;
    }
    this.#waiting += 1;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }
}
