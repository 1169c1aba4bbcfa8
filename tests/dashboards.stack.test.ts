// Every dashboard is full under the default traffic: what a visitor finds, and with All chosen everywhere.

import { type DashboardQuery, dashboardQueries } from '@crows-nest/grafana/queries';
import { beforeAll, describe, expect, test } from 'vitest';

import { metricNames, metricsIn, query, seriesOf } from './lookout.ts';
import { compose, waitFor } from './stack.ts';

/** As `make load`, for a moment: the dashboard of load tests is empty without one. */
beforeAll(async () => {
  const output = ['--out', 'experimental-prometheus-rw', '--tag', 'testid=dashboards'];
  const script = ['--vus', '2', '--duration', '30s', '/loadtest/loadtest.js'];
  await compose(
    ...['run', '--rm', '--no-deps', '-T', 'traffic', 'run', '--quiet', '--no-thresholds'],
    ...[...output, ...script],
  );
});

/** From now, three minutes for all panels together: as long as the last one may take after a fresh start. */
const end = Date.now() + 180_000;
const secondsLeft = () => Math.max(1, Math.round((end - Date.now()) / 1000));

function ask({ datasource, expr, instant }: DashboardQuery): Promise<unknown[]> {
  return datasource === 'prometheus' && instant ? query(expr) : seriesOf(datasource, expr);
}

describe.each(['defaults', 'all'] as const)('with variables at %s', (selection) => {
  const named = dashboardQueries(selection).map((one) => ({
    ...one,
    name: `${one.dashboard}, ${one.asker.kind} "${one.asker.title}", ${one.refId}`,
  }));

  test.each(named.filter(({ expectsData }) => expectsData))('$name has data', async (one) => {
    await waitFor(
      `data for ${one.expr}`,
      secondsLeft(),
      async (see) => see(await ask(one)).length > 0,
    );
  });

  test.each(named.filter(({ expectsData }) => !expectsData))(
    '$name can be asked, though it is rightly empty',
    async (one) => {
      await expect(ask(one)).resolves.toBeInstanceOf(Array);
    },
  );
});

test('a load test fills its dashboard', async () => {
  for (const { expr, asker } of dashboardQueries('defaults').filter(
    ({ dashboard, datasource }) => dashboard === 'k6' && datasource === 'prometheus',
  )) {
    if (asker.kind === 'panel')
      expect(await seriesOf('prometheus', expr), asker.title).not.toEqual([]);
  }
});

/** What is there only where something is that this stack has not: a CPU limit on a container, a probe by HTTPS. */
const ELSEWHERE = new Set([
  'container_cpu_cfs_periods_total',
  'container_cpu_cfs_throttled_periods_total',
  'probe_ssl_earliest_cert_expiry',
]);

test('no panel reads a metric that nothing exposes', async () => {
  const expressions = dashboardQueries('all')
    .filter(({ datasource }) => datasource === 'prometheus')
    .map(({ expr }) => expr);
  const read = new Set((await Promise.all(expressions.map(metricsIn))).flat());
  // Alerts are series only while there are some; the Watchdog sees to that.
  await waitFor('every metric to exist', secondsLeft(), async (see) => {
    const exposed = new Set(await metricNames());
    return see([...read].filter((name) => !exposed.has(name) && !ELSEWHERE.has(name))).length === 0;
  });
});
