import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { metricsIn } from './promql.ts';
import { dashboardQueries } from './queries.ts';
import { rules } from './rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What Prometheus, its exporters and every client library expose, whatever our services do. */
const GIVEN = new Set([
  'ALERTS',
  'ALERTS_FOR_STATE',
  'up',
  'probe_success',
  'process_start_time_seconds',
]);

test('no panel reads a metric that nothing exposes', () => {
  const sources = globSync('services/*/src/**/*.ts', { cwd: ROOT })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(ROOT + path, 'utf8'))
    .join('\n');
  const recorded = new Set(rules.map((rule) => rule.record));
  const exposed = (metric: string) =>
    GIVEN.has(metric) ||
    recorded.has(metric) ||
    sources.includes(`'${metric.replace(/_(bucket|sum|count)$/, '')}'`);

  const queries = dashboardQueries('defaults').filter(
    ({ datasource }) => datasource === 'prometheus',
  );
  expect(queries.length).toBeGreaterThan(20);
  for (const { expr, asker } of queries) {
    const metrics = metricsIn(expr);
    expect(metrics, asker.title).not.toEqual([]);
    for (const metric of metrics)
      expect(exposed(metric), `${metric} in "${asker.title}"`).toBe(true);
  }
});
