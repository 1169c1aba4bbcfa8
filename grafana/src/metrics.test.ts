import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { metricsIn } from './promql.ts';
import { dashboardQueries } from './queries.ts';
import { rules } from './rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What others than our services expose; tests/dashboards.stack.test.ts asks the running stack for it. */
const OF_OTHERS =
  /^(up|ALERTS\w*|(alertmanager|caddy|container|go|grafana|jaeger|k6|loki|machine|node|nodejs|otelcol|outside|pg|probe|process|prometheus|redis|scrape|traces)_\w+)$/;

test('no panel reads a metric that nothing exposes', () => {
  const sources = globSync('services/*/src/**/*.ts', { cwd: ROOT })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(ROOT + path, 'utf8'))
    .join('\n');
  const recorded = new Set(rules.map((rule) => rule.record));
  const exposed = (metric: string) =>
    OF_OTHERS.test(metric) ||
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
