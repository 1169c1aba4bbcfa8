import type { RequestHandler } from 'express';
import { Registry as PromRegistry } from 'prom-client';
import type { Registry } from './registry.ts';

/** Serves the registry: OpenMetrics with exemplars to whoever accepts it (Prometheus does), else the plain text format. */
export function metricsEndpoint(registry: Registry): RequestHandler {
  return (request, response, next) => {
    const openMetrics = request.headers.accept?.includes('application/openmetrics-text') ?? false;
    registry.metrics().then((text) => {
      response.setHeader(
        'Content-Type',
        openMetrics ? PromRegistry.OPENMETRICS_CONTENT_TYPE : PromRegistry.PROMETHEUS_CONTENT_TYPE,
      );
      response.end(openMetrics ? text : toPlainText(text));
    }, next);
  };
}

/**
 * OpenMetrics as the older text format 0.0.4: no exemplars, no end mark, and a counter's full name in its head lines
 * (OpenMetrics names the family without `_total` there).
 */
export function toPlainText(openMetrics: string): string {
  const counters = new Set(
    Array.from(openMetrics.matchAll(/^# TYPE (\S+) counter$/gm), ([, name]) => name),
  );
  return openMetrics
    .split('\n')
    .filter((line) => line !== '# EOF')
    .map((line) => {
      const [hash, keyword, name, ...rest] = line.split(' ');
      if (hash !== '#') return line.replace(/ # \{[^}]*\} \S+ \S+$/, '');
      return counters.has(name) ? [hash, keyword, `${name ?? ''}_total`, ...rest].join(' ') : line;
    })
    .join('\n');
}
