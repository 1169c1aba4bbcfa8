import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createTelemetry } from '@crows-nest/telemetry';
import { createRedis, listenTo } from './redis.ts';
import { eventually } from './testing/eventually.ts';
import { testRedisUrl } from './testing/system.ts';

const { logger } = createTelemetry({
  service: 'api',
  version: '0.0.0',
  environment: 'test',
  logLevel: 'error',
});

/** Passes everything on to Redis, but hangs up on who subscribes for as long as it is told to. */
async function relayBeforeRedis() {
  const { hostname, port } = new URL(testRedisUrl());
  const callers = new Set<Socket>();
  const relay = {
    url: '',
    hangUp: false,
    hungUp: 0,
    drop: () => undefined,
    close: () => undefined,
  };
  const server = createServer((caller) => {
    callers.add(caller);
    const redis = connect(Number(port), hostname);
    caller.on('error', () => undefined).on('close', () => redis.destroy());
    redis.on('error', () => undefined).on('close', () => caller.destroy());
    caller.on('data', (command) => {
      if (relay.hangUp && command.includes('subscribe')) {
        relay.hungUp += 1;
        caller.destroy();
      } else redis.write(command);
    });
    redis.on('data', (answer) => caller.write(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  relay.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  relay.drop = () => {
    for (const caller of callers) caller.destroy();
  };
  relay.close = () => {
    server.close();
    relay.drop();
  };
  return relay;
}

let publisher: Redis;
beforeAll(() => {
  publisher = new Redis(testRedisUrl());
});
afterAll(() => publisher.quit());

test('who listens hears again, however often the connection breaks while listening begins', async () => {
  const relay = await relayBeforeRedis();
  const subscriber = createRedis(relay.url, logger);
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => {
    process.off('unhandledRejection', unhandled);
    subscriber.disconnect();
    relay.close();
  });
  const channel = randomUUID();
  const heard = vi.fn();
  listenTo(subscriber, channel, heard, logger);
  await eventually(() => publisher.publish(channel, 'before')).toBe(1);

  relay.hangUp = true;
  relay.drop();
  await eventually(() => relay.hungUp).toBeGreaterThan(3);
  relay.hangUp = false;

  await eventually(() => publisher.publish(channel, 'after')).toBe(1);
  await eventually(() => heard.mock.lastCall).toEqual(['after']);
  // One of those ends a process.
  expect(unhandled).not.toHaveBeenCalled();
});
