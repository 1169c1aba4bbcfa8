import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, expect, test, vi } from 'vitest';
import { createHealth, type Health, type HealthCheck } from './health.ts';

const up: HealthCheck = { needed: true, check: () => Promise.resolve() };
const down: HealthCheck = {
  needed: true,
  check: () => Promise.reject(new Error('connection refused')),
};

let close: (() => void) | undefined;
afterEach(() => {
  close?.();
  vi.restoreAllMocks();
});

async function serve(checks: Record<string, HealthCheck>, started = () => true) {
  const health: Health = createHealth({ version: '1.2.3', checks, started });
  const server = express().use(health.router).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = async (path: string) => {
    const answer = await fetch(base + path);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return {
    get,
    drain: () => {
      health.drain();
    },
  };
}

test('gives status and response time of each dependency, uptime, version and memory', async () => {
  const { get } = await serve({ postgres: up, redis: { ...up, needed: false } });
  const { status, body } = await get('/health');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'up',
    version: '1.2.3',
    checks: { postgres: { status: 'up', needed: true }, redis: { status: 'up', needed: false } },
  });
  expect(body.uptimeSeconds).toBeTypeOf('number');
  expect(body.memory).toMatchObject({
    rss: expect.any(Number) as number,
    heapUsed: expect.any(Number) as number,
  });
  expect(
    (body.checks as { postgres: { responseTimeMs: number } }).postgres.responseTimeMs,
  ).toBeGreaterThanOrEqual(0);
});

test('is not ready while a needed dependency is away, and says which and why', async () => {
  const { get } = await serve({ postgres: down, redis: up });
  const { status, body } = await get('/health/ready');
  expect(status).toBe(503);
  expect(body).toMatchObject({
    status: 'down',
    checks: { postgres: { status: 'down', error: 'connection refused' }, redis: { status: 'up' } },
  });
  expect((await get('/health')).status).toBe(503);
});

test('stays ready without what it can do without, and reports it', async () => {
  const { get } = await serve({ postgres: up, redis: { ...down, needed: false } });
  expect((await get('/health/ready')).status).toBe(200);
  expect(await get('/health')).toMatchObject({
    status: 200,
    body: { status: 'degraded', checks: { redis: { status: 'down' } } },
  });
});

test('lives without asking anybody', async () => {
  const check = vi.fn(() => Promise.reject(new Error('away')));
  const { get } = await serve({ postgres: { needed: true, check } });
  expect((await get('/health/live')).status).toBe(200);
  expect(check).not.toHaveBeenCalled();
});

test('is started, and only then ready, once everything before the first request has happened', async () => {
  let started = false;
  const { get } = await serve({ postgres: up }, () => started);
  expect((await get('/health/startup')).status).toBe(503);
  expect((await get('/health/ready')).status).toBe(503);
  started = true;
  expect((await get('/health/startup')).status).toBe(200);
  expect((await get('/health/ready')).status).toBe(200);
});

test('asks for no more requests while draining, but lives on', async () => {
  const { get, drain } = await serve({ postgres: up });
  drain();
  expect(await get('/health/ready')).toMatchObject({ status: 503, body: { status: 'draining' } });
  expect((await get('/health/live')).status).toBe(200);
});

test('gives each check its own limit, also one that hangs', async () => {
  const limit = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
  const { get } = await serve({
    hanging: {
      needed: true,
      check: () =>
        new Promise(() =>
          setTimeout(() => {
            limit.abort();
          }, 10),
        ),
    },
    postgres: up,
  });
  const { status, body } = await get('/health/ready');
  expect(timeout).toHaveBeenCalledWith(5_000);
  expect(status).toBe(503);
  expect(body.checks).toMatchObject({
    hanging: { status: 'down', error: 'no answer within 5000 ms' },
    postgres: { status: 'up' },
  });
});

test('counts a check that throws at once as down', async () => {
  const { get } = await serve({
    postgres: {
      needed: true,
      check: () => {
        throw new Error('no pool');
      },
    },
  });
  expect(await get('/health/ready')).toMatchObject({
    status: 503,
    body: { checks: { postgres: { error: 'no pool' } } },
  });
});
