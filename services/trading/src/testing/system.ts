import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createTelemetry, type Telemetry } from '@crows-nest/telemetry';
import { composeApi } from '../api/compose.ts';
import { loadConfig, type Config } from '../config.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { cents } from '../money.ts';
import { publishBoard } from '../quotes/live.ts';
import { board, type Quote } from '../quotes/quote.ts';
import { listen } from '../server.ts';
import { createTestDatabase, required, type TestDatabase } from './database.ts';

/** Character that tests trade in. */
export const CHARACTER = 'sable-nine';

/** Every registered customer's. */
export const PASSWORD = 'a long enough password';
/** What API and worker share with the card gateway. */
export const GATEWAY_KEY = 'the key of the merchant';
export const WEBHOOK_SECRET = 'the secret that webhooks are signed with';

const WAS_HERE = 'INSERT INTO user_activity VALUES ($1, now()) ON CONFLICT DO NOTHING';
const SUBSCRIBE = `INSERT INTO subscriptions (user_id, status, card, current_period_end)
  VALUES ($1, 'active', 'card_good', now() + interval '1 day')`;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined when it is not. */
  json: unknown;
}

export interface Customer {
  id: string;
  username: string;
  token: string;
  get(path: string): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  trade(order: Record<string, unknown>, key?: string): Promise<Answer>;
  /** Places a limit order. */
  order(order: Record<string, unknown>, key?: string): Promise<Answer>;
  /** Has it written down now that they were here, which the API does within five seconds of a request. */
  wasHere(): Promise<void>;
}

/** What machines report deployments and incidents with. */
export const DELIVERY_TOKEN = 'a delivery token of tests';

/** A database, a Redis and an API of one test file. */
export interface TestSystem {
  config: Config;
  database: TestDatabase;
  redis: Redis;
  telemetry: Telemetry;
  closing: Closing;
  url: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A new customer; one with real time sees a quote at once, and not 5 s late. */
  register(username?: string, options?: { realtime: boolean }): Promise<Customer>;
  /** Publishes quotes as the market would; every character has a bid of 999 and an ask of 1001 cents, and is not halted. */
  quote(quotedAt?: number, quote?: TestQuote): Promise<void>;
  /** The value of one series of the API's /metrics; 0 when it is not there. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
}

export interface TestQuote {
  bid: number;
  ask: number;
  haltedUntil?: number;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/**
 * Starts the API in this process, on a free port, with a database and a Redis of its own.
 *
 * @param databaseUrlFor where the API shall look for the database at the given URL: a proxy, for example
 */
export async function startSystem(
  environment: Record<string, string> = {},
  databaseUrlFor: (url: string) => Promise<string> = (url) => Promise.resolve(url),
): Promise<TestSystem> {
  const database = await createTestDatabase();
  const redis = new Redis(testRedisUrl());
  await redis.flushdb();
  const DATABASE_URL = await databaseUrlFor(database.url);
  const config = testConfig(database, { DATABASE_URL, ...environment });
  const telemetry = createTestTelemetry('api', config);
  const closing = createClosing(telemetry.logger);
  const { app, health, streams } = await composeApi(config, telemetry, closing);
  const server = await listen(app, health, config, streams);
  closing.defer('server', () => server.drain());
  const url = `http://127.0.0.1:${server.port}`;

  const request: TestSystem['request'] = async (method, path, { headers = {}, body } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
  const post: TestSystem['post'] = (path, body, headers = {}) =>
    request('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  const system: TestSystem = {
    config,
    database,
    redis,
    telemetry,
    closing,
    url,
    request,
    post,
    async register(
      username = `customer-${randomBytes(6).toString('hex')}`,
      { realtime } = { realtime: false },
    ) {
      const credentials = {
        username,
        email: `${username}@example.com`,
        password: PASSWORD,
      };
      const answer = await post('/auth/register', credentials);
      if (answer.status !== 201) throw new Error(`Registering failed: ${answer.text}`);
      const { user, token } = answer.json as { user: { id: string }; token: string };
      if (realtime) await database.sql(SUBSCRIBE, [user.id]);
      const authorization = `Bearer ${token}`;
      return {
        id: user.id,
        username,
        token,
        get: (path) => request('GET', path, { headers: { authorization } }),
        delete: (path) => request('DELETE', path, { headers: { authorization } }),
        trade: (order, key = randomBytes(12).toString('hex')) =>
          post('/api/trade', order, { authorization, 'idempotency-key': key }),
        order: (order, key = randomBytes(12).toString('hex')) =>
          post('/api/orders', order, { authorization, 'idempotency-key': key }),
        async wasHere() {
          await database.sql(WAS_HERE, [user.id]);
        },
      };
    },
    quote: (quotedAt, quote) => publishQuotes(redis, database, quotedAt, quote),
    async metric(name, labels = {}) {
      return metricIn((await request('GET', '/metrics')).text, name, labels);
    },
    async close() {
      await closing.closeAll();
      await telemetry.close();
      redis.disconnect();
      await database.drop();
    },
  };
  return system;
}

/** Publishes the same quote for every character, as the market would. */
export async function publishQuotes(
  redis: Redis,
  database: TestDatabase,
  quotedAt = Date.now(),
  { bid, ask, haltedUntil }: TestQuote = { bid: 999, ask: 1001 },
): Promise<void> {
  const ids = await database.sql<{ id: string }>('SELECT id FROM characters');
  const quotes = ids.map(({ id }): Quote => ({
    characterId: id,
    bid: cents(bid),
    ask: cents(ask),
    last: cents(bid),
    open: cents(bid),
    haltedUntil: haltedUntil ?? null,
  }));
  await publishBoard(redis, board(quotedAt, 1, quotes));
}

/** Asks again while the answer is "not now": where more come at once than there are connections to the database. */
export async function answered(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 503) return answer;
    await wait(Number(answer.headers.get('retry-after')) * 1000);
  }
}

/** Redis' database 9, so that a flush touches nothing of others. */
export function testRedisUrl(): string {
  const url = new URL(required('TEST_REDIS_URL'));
  url.pathname = '/9';
  return url.href;
}

export function testEnvironment(database: TestDatabase): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    REDIS_URL: testRedisUrl(),
    PORT: '0',
    LOG_LEVEL: 'error',
    ENVIRONMENT: 'test',
    SHUTDOWN_DELAY_MS: '0',
    GATEWAY_KEY_FILE: secretFile('gateway_key', GATEWAY_KEY),
    GATEWAY_WEBHOOK_SECRET_FILE: secretFile('gateway_webhook_secret', WEBHOOK_SECRET),
    DELIVERY_TOKEN_FILE: secretFile('delivery_token', DELIVERY_TOKEN),
  };
}

function secretFile(name: string, secret: string): string {
  const directory = join(tmpdir(), 'crows-nest-test-secrets');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  writeFileSync(file, secret);
  return file;
}

export function testConfig(
  database: TestDatabase,
  environment: Record<string, string> = {},
): Config {
  return loadConfig({ ...testEnvironment(database), ...environment });
}

export function createTestTelemetry(service: string, config: Config): Telemetry {
  const { logLevel, logDirectory } = config;
  const options = { service, version: '0.0.0', environment: 'test', logLevel };
  if (logDirectory !== undefined) return createTelemetry({ ...options, logDirectory });
  // Standard output is all that there would be to read it from, at any level.
  return { ...createTelemetry(options), audit: () => undefined };
}

/** The value of one series in a text of metrics; 0 when it is not there. */
export function metricIn(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text
    .split('\n')
    .find(
      (candidate) =>
        /^[^{ ]+/.exec(candidate)?.[0] === name &&
        wanted.every((label) => candidate.includes(label)),
    );
  return line === undefined
    ? 0
    : Number(
        line
          .replace(/ # .*$/, '')
          .split(' ')
          .at(-1),
      );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
