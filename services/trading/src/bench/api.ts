import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import type { Telemetry } from '@crows-nest/telemetry';
import { composeApi } from '../api/compose.ts';
import { loadConfig } from '../config.ts';
import { createClosing } from '../lifecycle.ts';
import { listen } from '../server.ts';
import { createServiceTelemetry } from '../service.ts';

/**
 * The API as a process of its own, for `processes.ts`: `full`, as it always runs, or with `none` of its telemetry. Tells its parent the port, and
 * on each message what it has used: CPU time so far in microseconds, and bytes of memory held.
 */
const [variant] = process.argv.slice(2);
const nothing = () => undefined;
const config = loadConfig();
const telemetry = variant === 'none' ? withoutTelemetry() : createServiceTelemetry('api', config);
const closing = createClosing(telemetry.logger);
const { app, health, streams } = await composeApi(config, telemetry, closing);
const { port } = await listen(app, health, config, streams);

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, rss: process.memoryUsage.rss() });
});
process.once('disconnect', () => process.exit());
process.send?.({ port });

/** The same interface and nothing behind it; the service's own metrics do nothing either. */
function withoutTelemetry(): Telemetry {
  for (const { prototype } of [Counter, Gauge, Histogram]) {
    for (const method of ['inc', 'dec', 'set', 'observe']) {
      if (method in prototype) Object.assign(prototype, { [method]: nothing });
    }
  }
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const anything = new Proxy({}, { get: () => nothing }) as never;
  return {
    logger: anything,
    registry,
    http: () => (_request, _response, next) => {
      next();
    },
    recordError: nothing,
    debug: () => nothing,
    audit: nothing,
    metricsEndpoint: () => (_request, response) => response.end(),
    observePool: nothing,
    observeQuery: (_operation, _table, run) => run(),
    cacheHit: nothing,
    cacheMiss: nothing,
    span: (_name, _attributes, run) => run(anything),
    close: () => Promise.resolve(),
  };
}
