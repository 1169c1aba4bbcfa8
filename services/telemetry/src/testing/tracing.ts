import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

const exporter = new InMemorySpanExporter();
let decision = SamplingDecision.RECORD_AND_SAMPLED;
let provider: TracerProvider | undefined;

/** Real tracing inside a test's own process, kept in memory and forgotten when it is disposed of. */
export function traceInMemory(sampled = true): Disposable & { spans: () => ReadableSpan[] } {
  decision = sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD;
  // Once a process: a tracer keeps the first provider that it meets.
  if (provider === undefined) {
    provider = new TracerProvider({
      sampler: { shouldSample: () => ({ decision }), toString: () => 'test' },
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }
  return {
    spans: () => exporter.getFinishedSpans(),
    [Symbol.dispose]() {
      exporter.reset();
      decision = SamplingDecision.NOT_RECORD;
    },
  };
}
