import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cloneTemplate, required } from '../testing/database.ts';
import { publishQuotes, testEnvironment, testRedisUrl } from '../testing/system.ts';

/** APIs as processes of their own, side by side, for benches that compare them: each has a database and customers, all share a Redis. */

export interface ApiOptions {
  name: string;
  telemetry: 'full' | 'none';
  environment?: Record<string, string>;
  /** Whether nobody reads what it prints. */
  unread?: boolean;
  /** Where to write a CPU profile. */
  profile?: string | undefined;
}

export interface Api {
  name: string;
  url: string;
  /** One a customer. */
  tokens: string[];
  /** What the process has used so far: microseconds of CPU time, and bytes of memory that it holds now. */
  usage(): Promise<{ cpu: number; rss: number }>;
}

export interface Bench {
  start(options: ApiOptions): Promise<Api>;
  close(): Promise<void>;
}

/** At once; each customer sends one request after the other. */
export const CUSTOMERS = 8;

const agent = new Agent({ keepAlive: true, maxSockets: 2 * CUSTOMERS });

/** Sends a request and reads the answer. @throws when it is not 200 or 201 */
export function call(url: string, method: string, token?: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (token !== undefined) {
      headers['authorization'] = `Bearer ${token}`;
      headers['idempotency-key'] = crypto.randomUUID();
    }
    const request = httpRequest(url, { method, agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200 || response.statusCode === 201) resolve(text);
        else reject(new Error(`${method} ${url}: ${response.statusCode ?? 0} ${text}`));
      });
    });
    request.once('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What customers do. */
export const KINDS = {
  'GET /api/characters': ({ url }: Api, token: string) =>
    call(`${url}/api/characters`, 'GET', token),
  'POST /api/trade': ({ url }: Api, token: string, n: number) => {
    const action = n % 2 === 0 ? 'buy' : 'sell';
    return call(`${url}/api/trade`, 'POST', token, {
      characterId: 'sable-nine',
      action,
      quantity: 1,
    });
  },
};
export type Kind = keyof typeof KINDS;

/** Takes spans as the collector would, and forgets them; or takes them and never answers. */
export async function startReceiver({ hanging } = { hanging: false }): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      if (!hanging) response.writeHead(202).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/traces`;
}

export function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** Needs TEST_DATABASE_URL and TEST_REDIS_URL. */
export async function openBench(): Promise<Bench> {
  const admin = new pg.Client(required('TEST_DATABASE_URL'));
  await admin.connect();
  const redis = new Redis(testRedisUrl());
  const closing: (() => Promise<void>)[] = [];

  return {
    async start({ name, telemetry, environment, unread = false, profile }) {
      const database = await cloneTemplate(admin);
      const child = fork(new URL('api.ts', import.meta.url), [telemetry], {
        execArgv: [
          ...(telemetry === 'full' ? ['--import', '@crows-nest/telemetry/register'] : []),
          ...(profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]),
        ],
        env: {
          ...process.env,
          ...testEnvironment(database),
          LOG_LEVEL: 'http',
          LOG_DIRECTORY: join(tmpdir(), 'crows-nest-bench-logs'),
          INSTANCE: name.replaceAll(/\W+/g, '-'),
          OTEL_SERVICE_NAME: 'api',
          ...environment,
        },
        // Its lines go through a pipe, as to Docker.
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      if (!unread) child.stdout?.resume();
      const { port } = await told<{ port: number }>(child);
      const url = `http://127.0.0.1:${port}`;
      const tokens: string[] = [];
      for (let n = 0; n < CUSTOMERS; n += 1) {
        const username = `customer-${n}`;
        const body = {
          username,
          email: `${username}@example.com`,
          password: 'a long enough password',
        };
        const answer = await call(`${url}/auth/register`, 'POST', undefined, body);
        tokens.push((JSON.parse(answer) as { token: string }).token);
      }
      const quoting = setInterval(() => void publishQuotes(redis, database), 500);
      closing.push(async () => {
        clearInterval(quoting);
        const exited = once(child, 'exit');
        child.disconnect();
        // Where the log volume hangs, a process has a write under way that never ends, and so never ends itself.
        const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await exited;
        clearTimeout(killing);
        await database.drop();
      });
      return {
        name,
        url,
        tokens,
        async usage() {
          const answer = told<{ cpu: number; rss: number }>(child);
          child.send('usage');
          return answer;
        },
      };
    },
    async close() {
      for (const close of closing) await close();
      redis.disconnect();
      agent.destroy();
      await admin.end();
    },
  };
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}
