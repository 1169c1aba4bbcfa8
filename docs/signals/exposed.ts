import type { MetricObject } from 'prom-client';
import { createTelemetry } from '@crows-nest/telemetry';
import { registerQuoteAge } from '../../services/trading/src/metrics/market.ts';
import {
  createApiMetrics,
  createMarketMetrics,
  createWorkerMetrics,
} from '../../services/trading/src/metrics/roles.ts';
import type { Registry } from '../../services/trading/src/metrics/registry.ts';

/** A metric as its definition has it, and who exposes it. */
export interface ExposedMetric {
  name: string;
  type: string;
  labels: string[];
  help: string;
  roles: string[];
}

/** What each role registers of its own; nothing of it needs a database. */
const ROLES: Record<string, (registry: Registry) => void> = {
  api(registry) {
    createApiMetrics(registry);
    registerQuoteAge(registry, () => undefined);
  },
  market: createMarketMetrics,
  worker: createWorkerMetrics,
};

/** Every metric of every role, by name. */
export async function exposedMetrics(): Promise<Map<string, ExposedMetric>> {
  const metrics = new Map<string, ExposedMetric>();
  for (const [role, register] of Object.entries(ROLES)) {
    const telemetry = createTelemetry({
      service: role,
      version: '0',
      environment: 'docs',
      logLevel: 'error',
    });
    telemetry.observePool({ totalCount: 0, idleCount: 0, waitingCount: 0 }, 0);
    register(telemetry.registry);
    for (const metric of telemetry.registry.getMetricsAsArray()) {
      const { name, help } = metric;
      const known = metrics.get(name);
      if (known) known.roles.push(role);
      else metrics.set(name, { name, help, ...shapeOf(metric), roles: [role] });
    }
    await telemetry.close();
  }
  return metrics;
}

/** In every metric of prom-client, though not in its types. */
function shapeOf(metric: MetricObject): { type: string; labels: string[] } {
  const { type, labelNames } = metric as unknown as { type: string; labelNames: string[] };
  return { type, labels: labelNames };
}
