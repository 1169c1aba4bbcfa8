import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  type OpenMetricsContentType,
  Registry as PromRegistry,
} from 'prom-client';
import { losses } from '../tracing/losses.ts';

/** A prom-client registry that speaks OpenMetrics, the format that carries exemplars. */
export type Registry = PromRegistry<OpenMetricsContentType>;

/** A registry with prom-client's own process metrics (event loop p99 among them), `build_info` and tracing's losses. */
export function createRegistry(build: { version: string; revision: string }): Registry {
  const registry = new PromRegistry<OpenMetricsContentType>();
  registry.setContentType(PromRegistry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  // Gauges under counters' names, which Prometheus' linter refuses; the same numbers by type stay, as nodejs_active_*.
  for (const thing of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${thing}_total`);
  }
  new Gauge({
    name: 'build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'revision', 'node'],
    registers,
  }).set({ ...build, node: process.version }, 1);
  new Counter({
    name: 'telemetry_spans_dropped_total',
    help: 'Spans that never reached the receiver: the queue was full, or sending was given up.',
    registers,
    collect() {
      this.reset();
      this.inc(losses.spansDropped);
    },
  });
  new Counter({
    name: 'telemetry_export_failures_total',
    help: 'Failed attempts to send spans; most are repeated with success.',
    registers,
    collect() {
      this.reset();
      this.inc(losses.exportFailures);
    },
  });
  return registry;
}
