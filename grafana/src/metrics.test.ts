import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
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

/** The metrics a PromQL expression names: its words, without labels, windows, groupings, functions and operators. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\w|\s*\()/g) ?? [];
  return words.filter((word) => !['and', 'or', 'unless', 'bool'].includes(word));
}
