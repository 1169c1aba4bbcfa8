import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cloneTemplate, required } from '../testing/database.ts';
import { publishQuotes, testEnvironment, testRedisUrl } from '../testing/system.ts';

/**
 * What telemetry costs: CPU time of the API's process for a request, with all of it on and spans, log lines and a log file really leaving
 * the process, over the same code with none. At 100 % and at 10 % of requests traced. Each variant is a process of its own with a database of its
 * own; rounds take turns, and the median of the rounds' ratios is told, with the lowest and the highest.
 *
 *   TEST_DATABASE_URL=… TEST_REDIS_URL=… npm run bench:cost -w @crows-nest/trading
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '3000' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(values.rounds);
const REQUESTS = Number(values.requests);
/** At once; each customer sends one request after the other. */
const CUSTOMERS = 16;

const VARIANTS = [
  { name: 'none', sampled: 0 },
  { name: '100 %', sampled: 1 },
  { name: '10 %', sampled: 0.1 },
] as const;

interface Variant {
  name: string;
  process: ChildProcess;
  url: string;
  tokens: string[];
  close(): Promise<void>;
}

const KINDS = {
  'GET /api/characters': (variant: Variant, token: string) =>
    call(variant, 'GET', '/api/characters', token),
  'POST /api/trade': (variant: Variant, token: string, n: number) => {
    const action = n % 2 === 0 ? 'buy' : 'sell';
    const order = { characterId: 'sable-nine', action, quantity: 1 };
    return call(variant, 'POST', '/api/trade', token, order);
  },
};

const agent = new Agent({ keepAlive: true, maxSockets: CUSTOMERS });

/** Sends a request and reads the answer. @throws when it is not 200 or 201 */
function call(
  { url }: Variant,
  method: string,
  path: string,
  token?: string,
  body?: object,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (token !== undefined) {
      headers['authorization'] = `Bearer ${token}`;
      headers['idempotency-key'] = crypto.randomUUID();
    }
    const request = httpRequest(url + path, { method, agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200 || response.statusCode === 201) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode ?? 0} ${text}`));
      });
    });
    request.once('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Takes spans as the collector would, and forgets them. */
async function startReceiver(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(202).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/traces`;
}

async function start(
  { name, sampled }: (typeof VARIANTS)[number],
  receiver: string,
): Promise<Variant> {
  const database = await cloneTemplate(admin);
  const full = sampled > 0;
  const profile = values['cpu-prof']
    ? ['--cpu-prof', '--cpu-prof-dir', `/tmp/cost-${name.replace(/\W/g, '')}`]
    : [];
  const child = fork(new URL('api.ts', import.meta.url), [full ? 'full' : 'none'], {
    execArgv: [...(full ? ['--import', '@crows-nest/telemetry/register'] : []), ...profile],
    env: {
      ...process.env,
      ...testEnvironment(database),
      LOG_LEVEL: 'http',
      LOG_DIRECTORY: join(tmpdir(), 'crows-nest-bench-logs'),
      INSTANCE: name.replace(/\W/g, ''),
      OTEL_SERVICE_NAME: 'api',
      OTEL_EXPORTER_JAEGER_ENDPOINT: receiver,
      OTEL_TRACES_SAMPLER_ARG: String(sampled),
    },
    // Its lines go through a pipe, as to Docker.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.stdout?.resume();
  const { port } = await told<{ port: number }>(child);
  const variant: Variant = {
    name,
    process: child,
    url: `http://127.0.0.1:${port}`,
    tokens: [],
    async close() {
      child.disconnect();
      await once(child, 'exit');
      await database.drop();
    },
  };
  for (let n = 0; n < CUSTOMERS; n += 1) {
    const username = `customer-${n}`;
    const body = { username, email: `${username}@example.com`, password: 'a long enough password' };
    const answer = await call(variant, 'POST', '/auth/register', undefined, body);
    variant.tokens.push((JSON.parse(answer) as { token: string }).token);
  }
  quoting.push(setInterval(() => void publishQuotes(redis, database), 500));
  return variant;
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

async function cpuOf({ process: child }: Variant): Promise<number> {
  const answer = told<{ cpu: number }>(child);
  child.send('cpu');
  return (await answer).cpu;
}

/** @returns microseconds of CPU time a request */
async function measure(variant: Variant, kind: keyof typeof KINDS): Promise<number> {
  const before = await cpuOf(variant);
  const each = Math.ceil(REQUESTS / CUSTOMERS);
  await Promise.all(
    variant.tokens.map(async (token) => {
      for (let n = 0; n < each; n += 1) await KINDS[kind](variant, token, n);
    }),
  );
  return ((await cpuOf(variant)) - before) / (each * CUSTOMERS);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

const admin = new pg.Client(required('TEST_DATABASE_URL'));
await admin.connect();
const redis = new Redis(testRedisUrl());
const quoting: NodeJS.Timeout[] = [];
const receiver = await startReceiver();
const variants: Variant[] = [];
for (const each of VARIANTS) variants.push(await start(each, receiver));
const [none, ...others] = variants as [Variant, ...Variant[]];
try {
  for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
    const taken = new Map(variants.map(({ name }) => [name, [] as number[]]));
    // The first two rounds compile the code.
    for (let round = -2; round < ROUNDS; round += 1) {
      for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
        const microseconds = await measure(variant, kind);
        if (round >= 0) taken.get(variant.name)?.push(microseconds);
      }
    }
    const base = taken.get(none.name) ?? [];
    console.log(`${kind}: ${median(base).toFixed(0)} µs without telemetry`);
    for (const { name } of others) {
      const with_ = taken.get(name) ?? [];
      const ratios = with_.map((value, round) => value / (base[round] ?? NaN));
      const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
      console.log(
        `  ${name} traced: ${median(with_).toFixed(0)} µs, ${median(ratios).toFixed(2)} × (${spread})`,
      );
    }
  }
} finally {
  for (const timer of quoting) clearInterval(timer);
  for (const variant of variants) await variant.close();
  redis.disconnect();
  agent.destroy();
  await admin.end();
}
