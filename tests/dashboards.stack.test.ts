// Every dashboard is full under the default traffic: what a visitor finds, and with All chosen everywhere.

import { randomBytes } from 'node:crypto';

import { dashboardQueries } from '@crows-nest/grafana/queries';
import { beforeAll, describe, expect, test } from 'vitest';

import { ask, nameOf } from './dashboards.ts';
import { metricNames, metricsIn, seriesOf } from './lookout.ts';
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

describe.each(['defaults', 'all'] as const)('with variables at %s', (selection) => {
  const named = dashboardQueries(selection).map((one) => ({
    ...one,
    name: nameOf(one),
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

test('values move, on every dashboard', async () => {
  const panels = dashboardQueries('defaults').filter(
    ({ asker, expectsData }) => asker.kind === 'panel' && expectsData,
  );
  /** What each dashboard shows now. One question after the other: a person looks at one dashboard, and the lookout goes on. */
  const shown = async () => {
    const all = new Map<string, string>();
    for (const panel of panels) {
      const answer = withoutTimes(await ask(panel));
      all.set(panel.dashboard, (all.get(panel.dashboard) ?? '') + answer);
    }
    return all;
  };
  const before = await shown();
  await deploy();
  await waitFor('something new on every dashboard', 60, async (see) => {
    const now = await shown();
    return (
      see([...before.keys()].filter((name) => now.get(name) === before.get(name))).length === 0
    );
  });
});

/** Tells the API of a deployment of this minute, as scripts/record-deployment.sh does: otherwise there is one a day, or none. */
async function deploy(): Promise<void> {
  const commit = `${randomBytes(20).toString('hex')} ${new Date().toISOString()}`;
  const record = 'echo "$0" | exec node services/trading/src/delivery/record-main.ts';
  await compose('exec', '-T', 'api', 'sh', '-c', record, commit);
}

/** Answers as text, without when each value was measured. */
function withoutTimes(answers: unknown): string {
  const isSample = (value: unknown): value is [number, string] =>
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'number';
  return JSON.stringify(answers, (_, value: unknown) => (isSample(value) ? value[1] : value));
}

/** What is there only once something has failed, or where something is that this stack has not: a CPU limit, a probe by HTTPS. */
const AT_TIMES = new Set([
  'payment_failures_total',
  'loki_discarded_samples_total',
  'otelcol_exporter_send_failed_spans',
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
    return see([...read].filter((name) => !exposed.has(name) && !AT_TIMES.has(name))).length === 0;
  });
});
