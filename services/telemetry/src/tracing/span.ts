import { type Attributes, type Span, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';

/** What begins the library's own spans. */
export const tracer = trace.getTracer('@crows-nest/telemetry', '0.1.0');

/**
 * Runs `run` in a span of that name, a child of the active one. An error marks the span as failed, is recorded with its
 * stack, and goes on to the caller.
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  run: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await run(span);
    } catch (error) {
      failSpan(span, error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Records an error on a span, with its stack, and marks the span as failed. */
export function failSpan(span: Span, error: Error): void {
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

/**
 * Exemplar labels for an observation made now: the trace id, and only when the trace is kept, so that every exemplar
 * leads somewhere. For use as `exemplarLabels` with prom-client.
 */
export function exemplar(span: Span | undefined = trace.getActiveSpan()): Record<string, string> {
  const spanContext = span?.spanContext();
  if (spanContext === undefined || (spanContext.traceFlags & TraceFlags.SAMPLED) === 0) return {};
  return { trace_id: spanContext.traceId };
}
