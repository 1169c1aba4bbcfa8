import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
// Telemetry's own means of looking at lines.
import { readLines, temporaryDirectory } from '../../../telemetry/src/testing/lines.ts';
import { composeApi } from '../api/compose.ts';
import { createClosing } from '../lifecycle.ts';
import { listen } from '../server.ts';
import { eventually } from '../testing/eventually.ts';
import { activeFaults, faultsOf, type TestFaults } from '../testing/faults.ts';
import { createProxy, type Proxy } from '../testing/proxy.ts';
import {
  createTestTelemetry,
  startSystem,
  testConfig,
  testRedisUrl,
  type TestSystem,
} from '../testing/system.ts';
import { FAULT_NAMES } from './catalogue.ts';

/** How faults begin and end, and who may have them do so; what each does is in `bites.integration.test.ts`. */

let system: TestSystem;
let redis: Proxy;
let logs: Awaited<ReturnType<typeof temporaryDirectory>>;
let faults: TestFaults;
beforeAll(async () => {
  redis = await createProxy(testRedisUrl());
  logs = await temporaryDirectory();
  system = await startSystem({
    FAULTS: 'on',
    REDIS_URL: redis.url,
    LOG_LEVEL: 'warn',
    LOG_DIRECTORY: logs.path,
  });
  faults = faultsOf(system);
}, 120_000);
afterAll(async () => {
  await system.close();
  await redis.close();
  await logs[Symbol.asyncDispose]();
});
beforeEach(() => faults.none());

const active = () => activeFaults((name, labels) => system.metric(name, labels));
const listedAsOn = async () => (await faults.list()).filter(({ endsAt }) => endsAt !== null);
/** What `errors` lets through or not. */
const dora = async () => (await system.request('GET', '/dora')).status;

describe('a fault', () => {
  test('is listed with what it was asked for with, told by the metric and in the log, and taken back', async () => {
    expect((await faults.list()).map(({ name }) => name)).toEqual(FAULT_NAMES);
    const asked = { seconds: 60, connections: 1 };
    const { status, json } = await faults.ask('pool-leak', asked);
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'pool-leak', parameters: asked });
    expect(await listedAsOn()).toEqual([json]);
    expect(await active()).toEqual(['pool-leak']);

    expect((await faults.end('pool-leak')).status).toBe(204);
    expect(await listedAsOn()).toEqual([]);
    expect(await active()).toEqual([]);
    expect((await faults.end('pool-leak')).status).toBe(204);
    const lines = async () =>
      (await readLines(join(logs.path, `api-${system.config.instance}.log`)))
        .filter((line) => line['fault'] === 'pool-leak')
        .map(({ level, message }) => ({ level, message }));
    await eventually(lines).toEqual([
      { level: 'warn', message: 'A fault begins' },
      { level: 'warn', message: 'A fault ends' },
    ]);
  });

  test('takes the place of one of its name', async () => {
    await faults.begin('latency', { seconds: 900, milliseconds: 10_000 });
    await faults.begin('latency', { milliseconds: 1, route: '/dora' });
    const on = await listedAsOn();
    expect(on).toMatchObject([{ parameters: { milliseconds: 1, route: '/dora' } }]);
    expect(Date.parse(on[0]?.endsAt ?? '')).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test('ends by itself, and leaves nothing behind in Redis', async () => {
    await faults.begin('errors', { seconds: 3, ratio: 1 });
    expect(await dora()).toBe(500);
    await eventually(dora).toBe(200);
    await eventually(active).toEqual([]);
    expect(await system.redis.exists('fault:errors')).toBe(0);
  });

  test.each(['cut', 'freeze'] as const)(
    'ends by itself as well when Redis is lost meanwhile (%s), and stays over when it comes back',
    async (lose) => {
      onTestFinished(() => redis.restore());
      await faults.begin('errors', { seconds: 8, ratio: 1 });
      await redis[lose]();
      expect(await dora()).toBe(500);
      await eventually(dora).toBe(200);
      await eventually(active).toEqual([]);
      await redis.restore();
      await eventually(async () => (await faults.end('latency')).status).toBe(204);
      expect(await dora()).toBe(200);
      await faults.begin('cache-off');
      expect(await active()).toEqual(['cache-off']);
    },
  );

  test('cannot begin or be ended while Redis is away, and it is said', async () => {
    onTestFinished(() => redis.restore());
    await redis.cut();
    for (const answer of [await faults.ask('cache-off', { seconds: 1 }), await faults.end()]) {
      expect(answer.json).toMatchObject({ status: 503, type: '/problems/faults-unavailable' });
    }
    expect(await listedAsOn()).toEqual([]);
  });

  test('that Redis holds beyond its end, or for longer than any may last, is not on', async () => {
    const parameters = { seconds: 1, ratio: 1 };
    for (const endsAt of [Date.now() - 1, Date.now() + 3_600_000]) {
      await system.redis.set('fault:errors', JSON.stringify({ endsAt, parameters }));
      expect(await listedAsOn()).toEqual([]);
      expect(await dora()).toBe(200);
    }
  });

  test.each(['', '{', '[]', `{"endsAt":${Date.now() + 60_000},"parameters":{"ratio":7}}`])(
    'that cannot be read is not on, and keeps none from being on: %s',
    async (text) => {
      await system.redis.set('fault:errors', text);
      await faults.begin('cache-off');
      expect(await active()).toEqual(['cache-off']);
    },
  );
});

describe('is refused:', () => {
  test.each<[string, unknown, string]>([
    ['latency', { seconds: 0, milliseconds: 1 }, 'seconds: expected a whole number from 1 to 900'],
    ['latency', { seconds: 901, milliseconds: 1 }, 'seconds: expected a whole number from 1 to'],
    ['latency', { milliseconds: 1 }, 'seconds: expected a whole number from 1 to 900'],
    ['latency', { seconds: 1 }, 'milliseconds: expected a whole number from 1 to 10000'],
    ['latency', { seconds: 1, milliseconds: 10_001 }, 'milliseconds: expected'],
    [
      'latency',
      { seconds: 1, milliseconds: 1, route: '/nowhere' },
      'route: expected one of /auth/register, ',
    ],
    [
      'errors',
      { seconds: 1, ratio: 1, route: '/faults' },
      'route: expected one of /auth/register, ',
    ],
    ['errors', { seconds: 1, ratio: 0 }, 'ratio: expected a number above 0 and up to 1'],
    ['errors', { seconds: 1, ratio: 1.1 }, 'ratio: expected a number above 0 and up to 1'],
    ['pool-leak', { seconds: 1, connections: 201 }, 'connections: expected'],
    ['slow-sql', { seconds: 1, milliseconds: 1001 }, 'milliseconds: expected'],
    ['cache-off', { seconds: 1, ratio: 1 }, 'ratio: is not known here; leave it out'],
    ['event-loop-block', { seconds: 1, milliseconds: 901 }, 'milliseconds: expected'],
    ['memory-leak', { seconds: 1, megabytesPerSecond: 51 }, 'megabytesPerSecond: expected'],
    ['market-stall', { seconds: '1' }, 'seconds: expected a whole number from 1 to 900'],
    ['worker-stall', { seconds: 1, part: 'all' }, 'part: expected jobs or outbox'],
    ['worker-stall', [], 'body: expected a JSON object'],
  ])('%s with %j', async (name, body, detail) => {
    const answer = await faults.ask(name, body);
    expect(answer.json).toMatchObject({
      status: 400,
      type: '/problems/invalid-request',
      detail: expect.stringContaining(detail) as string,
    });
    expect(await active()).toEqual([]);
  });

  test.each(['ledger-imbalance', 'toString', 'Latency'])(
    'one that there is not: %s',
    async (name) => {
      for (const answer of [await faults.ask(name, { seconds: 1 }), await faults.end(name)]) {
        expect(answer.json).toMatchObject({
          status: 404,
          type: '/problems/unknown-fault',
          detail: expect.stringContaining(FAULT_NAMES.join(', ')) as string,
        });
      }
    },
  );

  test('what is no JSON', async () => {
    expect(
      (await faults.ask('cache-off', { seconds: 1 }, { 'content-type': 'text/plain' })).status,
    ).toBe(415);
  });

  test.each(['http://crows-nest.example', 'http://localhost.example:3000', 'null'])(
    'a web page of %s, and it is not asked to try',
    async (origin) => {
      const foreign = [
        await faults.ask('cache-off', { seconds: 1 }, { origin }),
        await system.request('DELETE', '/faults', { headers: { origin } }),
        await system.request('GET', '/faults', { headers: { origin } }),
      ];
      for (const { json } of foreign) {
        expect(json).toMatchObject({ status: 403, type: '/problems/foreign-page' });
      }
      const preflight = await system.request('OPTIONS', '/faults/cache-off', {
        headers: { origin, 'access-control-request-method': 'PUT' },
      });
      expect(preflight.status).toBe(405);
      const allowed = [...preflight.headers.keys()].filter((name) => name.startsWith('access-'));
      expect(allowed).toEqual([]);
    },
  );

  test('not the page of the API itself', async () => {
    const origin = 'http://localhost:3000';
    expect((await faults.ask('cache-off', { seconds: 1 }, { origin })).status).toBe(200);
  });
});

describe('where FAULTS is off', () => {
  test('all of it is a 403, what Redis holds bites nobody, and no series says that it could', async () => {
    // A second API beside the first, with the same database and Redis.
    const config = testConfig(system.database);
    const telemetry = createTestTelemetry('api', config);
    const closing = createClosing(telemetry.logger);
    const { app, health, streams } = await composeApi(config, telemetry, closing);
    const server = await listen(app, health, config, streams);
    closing.defer('server', () => server.drain());
    onTestFinished(async () => {
      await closing.closeAll();
      await telemetry.close();
    });
    const ask = async (method: string, path: string, body?: string) => {
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.status, text: await answer.text() };
    };

    await faults.begin('errors', { ratio: 1 });
    expect(await dora()).toBe(500);
    expect((await ask('GET', '/dora')).status).toBe(200);
    for (const { status, text } of [
      await ask('GET', '/faults'),
      await ask('DELETE', '/faults'),
      await ask('PUT', '/faults/latency', '{"seconds":1,"milliseconds":1}'),
      await ask('PUT', '/faults/none', '{}'),
      await ask('DELETE', '/faults/latency'),
    ]) {
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({ type: '/problems/faults-off' });
    }
    expect((await ask('GET', '/metrics')).text).not.toMatch(/^fault_active\{/m);
    expect(await active()).toEqual(['errors']);
  });
});
