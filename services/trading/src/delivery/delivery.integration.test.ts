import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase } from '../database.ts';
import { createWorkerMetrics } from '../metrics/roles.ts';
import {
  createTestTelemetry,
  DELIVERY_TOKEN,
  metricIn,
  startSystem,
  testEnvironment,
  type TestSystem,
} from '../testing/system.ts';
import { deliveryGaugesTask } from './gauges.ts';

/** What a task is told while nobody stops it. */
const going = AbortSignal.any([]);

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());
beforeEach(() => system.database.sql('TRUNCATE deployments, incidents'));

const bearer = { authorization: `Bearer ${DELIVERY_TOKEN}` };
const deploy = (report: object, headers: Record<string, string> = bearer) =>
  system.post('/deployments', report, headers);
const alert = (body: object, headers: Record<string, string> = bearer) =>
  system.post('/webhooks/alertmanager', body, headers);

const HOUR = 3_600_000;
// Of one moment, so that the time between two of them is what it says.
const NOW = Date.now();
const ago = (hours: number) => new Date(NOW - hours * HOUR).toISOString();
const report = (changes: object = {}) => ({
  environment: 'production',
  revision: 'ba5eba11',
  outcome: 'succeeded',
  committedAt: ago(5),
  deployedAt: ago(2),
  ...changes,
});

interface Told {
  status?: 'firing' | 'resolved';
  fingerprint?: string;
  labels?: Record<string, string>;
  startsAt?: string;
  endsAt?: string;
}

/** A notification as Alertmanager 0.31 sends it, of one alert or several. */
function notification(...alerts: Told[]) {
  const status = alerts.some((one) => one.status !== 'resolved') ? 'firing' : 'resolved';
  return {
    receiver: 'incidents',
    status,
    alerts: alerts.map((one) => ({
      status: 'firing',
      fingerprint: 'c8a1f3e2d4b59607',
      startsAt: ago(2),
      endsAt: one.status === 'resolved' ? ago(1) : '0001-01-01T00:00:00Z',
      generatorURL: 'http://localhost:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
      annotations: { summary: 'No instance of a service answers.' },
      ...one,
      labels: {
        alertname: 'ServiceDown',
        environment: 'production',
        service: 'api',
        severity: 'critical',
        team: 'platform',
        ...one.labels,
      },
    })),
    groupLabels: { alertname: 'ServiceDown', service: 'api' },
    commonLabels: { alertname: 'ServiceDown', service: 'api' },
    commonAnnotations: {},
    externalURL: 'http://localhost:9093',
    version: '4',
    groupKey: '{}/{}:{alertname="ServiceDown", service="api"}',
    truncatedAlerts: 0,
  };
}

const incidents = () =>
  system.database.sql<{ fingerprint: string; seconds: number | null }>(
    `SELECT fingerprint, extract(epoch FROM resolved_at - started_at)::integer AS seconds FROM incidents
     ORDER BY fingerprint, started_at`,
  );
const dora = async (query = 'environment=production&days=30') =>
  (await system.request('GET', `/dora?${query}`)).json as Record<string, unknown>;

describe('without the delivery token', () => {
  test.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['one without its scheme', { authorization: DELIVERY_TOKEN }],
  ])('nothing is taken: %s', async (_what, headers) => {
    for (const answer of [
      await deploy(report(), headers),
      await deploy({ garbage: true }, headers),
      await alert(notification({}), headers),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch('Bearer');
    }
    expect(await system.database.sql('SELECT FROM deployments')).toEqual([]);
    expect(await incidents()).toEqual([]);
  });

  test('nor with a token of a customer', async () => {
    const { token } = await system.register();
    expect((await deploy(report(), { authorization: `Bearer ${token}` })).status).toBe(401);
  });
});

describe('a deployment', () => {
  test('is kept and counted once, however often it is reported', async () => {
    const labels = { environment: 'production', outcome: 'succeeded' };
    const counted = await system.metric('deployments_total', labels);
    const lead = await system.metric('deployment_lead_time_seconds_sum');
    const named = report({ id: 'release-7' });
    expect(await deploy(named)).toMatchObject({ status: 201, json: named });
    expect(await deploy(named)).toMatchObject({ status: 200, json: named });
    const timeless = { ...named, deployedAt: undefined };
    expect(await deploy(timeless)).toMatchObject({ status: 200, json: named });

    const unnamed = report({ revision: 'c0ffee' });
    const both = await Promise.all([deploy(unnamed), deploy(unnamed)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(both[0].json).toEqual(both[1].json);

    expect(await system.metric('deployments_total', labels)).toBe(counted + 2);
    const added = (await system.metric('deployment_lead_time_seconds_sum')) - lead;
    expect(added).toBeCloseTo(2 * 3 * 3600, 0);
  });

  test('of another content does not take the id of one', async () => {
    await deploy(report({ id: 'release-8' }));
    const answer = await deploy(report({ id: 'release-8', outcome: 'failed' }));
    expect(answer).toMatchObject({
      status: 409,
      json: { type: '/problems/deployment-id-taken' },
    });
  });

  test.each([
    ['an environment that is none of ours', { environment: 'prod' }, 'environment'],
    ['an outcome that is none', { outcome: 'maybe' }, 'outcome'],
    ['a time that is none', { committedAt: 'yesterday' }, 'committedAt'],
    ['a time that no database keeps', { committedAt: '0000-01-01T00:00:00Z' }, 'committedAt'],
    ['a change later than its deployment', { committedAt: ago(1) }, 'committedAt'],
    ['a deployment to come', { deployedAt: ago(-1) }, 'deployedAt'],
    ['a revision of nothing', { revision: '' }, 'revision'],
    ['a misspelt field', { deployed: true }, 'deployed'],
  ])('is refused with %s', async (_what, changes, field) => {
    const answer = await deploy(report(changes));
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field }] } });
  });
});

describe('an incident', () => {
  test('opens with an alert and ends with it; what comes again changes nothing', async () => {
    const recovered = await system.metric('incident_recovery_seconds_count');
    const firing = notification({ startsAt: '2026-03-01T12:00:00.123456789Z' });
    const resolved = notification({
      status: 'resolved',
      startsAt: '2026-03-01T12:00:00.123456789Z',
      endsAt: '2026-03-01T13:10:00.123456789+01:00',
    });
    expect((await alert(firing)).json).toEqual({ opened: 1, resolved: 0 });
    expect((await alert(firing)).json).toEqual({ opened: 0, resolved: 0 });
    expect(await incidents()).toMatchObject([{ seconds: null }]);

    const ends = await Promise.all([alert(resolved), alert(resolved)]);
    expect(ends.map(({ json }) => json)).toContainEqual({ opened: 0, resolved: 1 });
    expect(ends.map(({ json }) => json)).toContainEqual({ opened: 0, resolved: 0 });
    expect((await alert(firing)).json).toEqual({ opened: 0, resolved: 0 });
    expect(await incidents()).toMatchObject([{ seconds: 600 }]);
    expect(await system.metric('incident_recovery_seconds_count')).toBe(recovered + 1);
  });

  test('may be heard of first when it ends', async () => {
    const at = { startsAt: ago(3) };
    expect((await alert(notification({ ...at, status: 'resolved' }))).json).toEqual({
      opened: 1,
      resolved: 1,
    });
    expect((await alert(notification(at))).json).toEqual({ opened: 0, resolved: 0 });
    expect(await incidents()).toMatchObject([{ seconds: 2 * 3600 }]);
  });

  test('is one for each alert and each time that it fires', async () => {
    const again = { fingerprint: 'aa', startsAt: ago(1) };
    const answer = await alert(
      notification({ fingerprint: 'aa', startsAt: ago(3), status: 'resolved' }, again, again, {
        fingerprint: 'bb',
        labels: { severity: 'warning' },
      }),
    );
    expect(answer.json).toEqual({ opened: 3, resolved: 1 });
  });

  test('is none for the Watchdog and for information', async () => {
    const answer = await alert(
      notification(
        { fingerprint: 'aa', labels: { alertname: 'Watchdog', severity: 'critical' } },
        { fingerprint: 'bb', labels: { severity: 'info' } },
        { fingerprint: 'cc', labels: { severity: '' } },
      ),
    );
    expect(answer).toMatchObject({ status: 200, json: { opened: 0, resolved: 0 } });
    expect(await incidents()).toEqual([]);
  });

  test.each([
    ['another version', { ...notification({}), version: '3' }, 'version'],
    ['no alerts', { ...notification({}), alerts: undefined }, 'alerts'],
    ['an alert without a time', notification({ startsAt: '' }), 'alerts.0.startsAt'],
    [
      'a text that no database keeps',
      notification({ labels: { service: 'a\0b' } }),
      'alerts.0.labels.service',
    ],
  ])('is refused with %s', async (_what, body, field) => {
    const answer = await alert(body);
    expect(answer.status).toBe(400);
    expect((answer.json as { errors: unknown[] }).errors).toContainEqual(
      expect.objectContaining({ field }),
    );
  });
});

describe('the four figures', () => {
  test('are null without anything to compute them from', async () => {
    expect(await dora()).toMatchObject({
      deploymentFrequency: { perDay: null, deployments: 0 },
      leadTimeForChanges: { medianSeconds: null, deployments: 0 },
      changeFailureRate: { ratio: null, failed: 0, deployments: 0 },
      timeToRestore: { medianSeconds: null, incidents: 0 },
      lastDeployment: null,
    });
  });

  test('are what a hand computes, and what a worker shows', async () => {
    const deployed = (hours: number, leadHours: number, changes: object = {}) =>
      deploy(report({ deployedAt: ago(hours), committedAt: ago(hours + leadHours), ...changes }));
    // Successes with lead times of 1, 2, 4 and 10 hours; one of them led to a critical incident half an hour later.
    await deployed(200, 1);
    await deployed(150, 2);
    await deployed(100, 4);
    await deployed(50, 10, { revision: 'newest' });
    await deployed(60, 48, { outcome: 'failed' });
    // Not in the window, and not of this environment.
    await deployed(24 * 11, 1, { outcome: 'failed' });
    await deployed(1, 1, { environment: 'staging', outcome: 'failed' });

    await alert(
      notification(
        // 20 minutes, half an hour after a deployment.
        { fingerprint: 'a1', startsAt: ago(99.5), endsAt: ago(99.5 - 1 / 3), status: 'resolved' },
        // An hour, too late after the deployment to be its fault.
        { fingerprint: 'a2', startsAt: ago(148.9), endsAt: ago(147.9), status: 'resolved' },
        // Two hours, soon after a deployment, but a warning.
        {
          fingerprint: 'a3',
          startsAt: ago(199.9),
          endsAt: ago(197.9),
          status: 'resolved',
          labels: { severity: 'warning' },
        },
        // Not over, and elsewhere.
        { fingerprint: 'a4', startsAt: ago(30) },
        {
          fingerprint: 'a5',
          startsAt: ago(49.9),
          status: 'resolved',
          labels: { environment: 'staging' },
        },
      ),
    );

    const figures = await dora('environment=production&days=10');
    expect(figures).toMatchObject({
      environment: 'production',
      deploymentFrequency: { perDay: 0.4, deployments: 4 },
      leadTimeForChanges: { medianSeconds: 3 * 3600, deployments: 4 },
      changeFailureRate: { ratio: 0.4, failed: 2, deployments: 5 },
      timeToRestore: { medianSeconds: expect.closeTo(3600, 1) as number, incidents: 3 },
      lastDeployment: { revision: 'newest' },
    });
    const days = Date.parse(figures['to'] as string) - Date.parse(figures['from'] as string);
    expect(days).toBe(240 * HOUR);

    const text = await gauges('production');
    expect(metricIn(text, 'incidents_open')).toBe(1);
    // Over 30 days: the failure of 11 days ago as well.
    expect(metricIn(text, 'recent_deployments')).toBe(6);
    expect(metricIn(text, 'change_failure_rate')).toBe(0.5);
    const elsewhere = await gauges('demo');
    expect(metricIn(elsewhere, 'recent_deployments')).toBe(0);
    expect(elsewhere).not.toMatch(/^change_failure_rate/m);
  });

  test.each(['environment=prod', 'days=0', 'days=366', 'day=3'])(
    'are not told for %s',
    async (query) => {
      expect((await system.request('GET', `/dora?${query}`)).status).toBe(400);
    },
  );

  test('an alert that was silenced before it ended is not open for ever', async () => {
    await alert(notification({}));
    await system.database.sql("UPDATE incidents SET heard_at = now() - interval '25 hours'");
    expect(metricIn(await gauges('production'), 'incidents_open')).toBe(0);
    await alert(notification({ startsAt: ago(2) }));
    expect(metricIn(await gauges('production'), 'incidents_open')).toBe(1);
  });

  async function gauges(environment: string): Promise<string> {
    const telemetry = createTestTelemetry('worker', system.config);
    const database = createDatabase({ url: system.config.databaseUrl, poolMax: 1 }, telemetry);
    await deliveryGaugesTask(database, environment, createWorkerMetrics(telemetry.registry)).run(
      going,
    );
    const text = await telemetry.registry.metrics();
    await database.close();
    await telemetry.close();
    return text;
  }
});

test('what `make up` started is recorded, and not again for the same revision', async () => {
  const log = `beef01 ${ago(1)}\nbeef00 ${ago(9)}\nbeeef ${ago(20)}\n`;
  await deploy(report({ environment: 'test', revision: 'beeef' }));
  expect(await record(log)).toMatchObject({
    code: 0,
    output: 'Recorded that beef01 was deployed.\n',
  });
  expect(await record(log)).toMatchObject({ code: 0, output: '' });
  const rows = await system.database.sql(
    "SELECT revision, extract(epoch FROM deployed_at - committed_at) > 8.9 * 3600 AS oldest FROM deployments WHERE revision = 'beef01'",
  );
  expect(rows).toEqual([{ revision: 'beef01', oldest: true }]);

  const refused = await record(`beef02 ${ago(1)}\n`, { ENVIRONMENT: 'elsewhere' });
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('400') as string });

  async function record(input: string, environment: Record<string, string> = {}) {
    const main = fileURLToPath(new URL('record-main.ts', import.meta.url));
    const { port } = new URL(system.url);
    const child = spawn('node', [main], {
      env: {
        PATH: process.env['PATH'],
        ...testEnvironment(system.database),
        PORT: port,
        ...environment,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => (output += data.toString()));
    }
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }
});
