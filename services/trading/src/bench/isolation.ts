import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Api, type ApiOptions, call, KINDS, openBench, startReceiver } from './processes.ts';

/**
 * Whether a request feels what becomes of its telemetry: the 99th percentile of trades where the collector or the volume of logs is gone,
 * hangs or is full, or nobody reads standard output, over one where all is well; rounds take turns. To reach: less than 1.1.
 * Then how much memory a process holds for whom all of it is broken at once, over ten minutes under load, and what it says it has dropped.
 * (Loki and Jaeger are behind the collector's queue on disk: no service meets them.)
 *
 *   TEST_DATABASE_URL=… TEST_REDIS_URL=… npm run bench:isolation -w @crows-nest/trading     as root, for a volume that is full
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    minutes: { type: 'string', default: '10' },
  },
});
const REQUESTS_A_ROUND = 100;
const LOAD_PAUSE_MS = 10;

const directory = mkdtempSync(join(tmpdir(), 'crows-nest-isolation-'));
const receiver = await startReceiver();
const hangingReceiver = await startReceiver({ hanging: true });
const well = { OTEL_EXPORTER_JAEGER_ENDPOINT: receiver, LOG_DIRECTORY: join(directory, 'well') };
const gone = 'http://127.0.0.1:1/api/traces';

/** A volume of a megabyte, without room for anything. */
function fullVolume(): string {
  const path = join(directory, 'full');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path]);
  execFileSync('sh', ['-c', `cat /dev/zero > ${path}/filler 2>/dev/null || true`]);
  return path;
}

/** A path below which nothing can be opened, as if the volume had been taken away. */
function missingVolume(): string {
  const path = join(directory, 'file');
  writeFileSync(path, '');
  return join(path, 'logs');
}

/** The log file is a pipe that nobody reads: opening it does not return. */
function hangingVolume(instance: string): string {
  const path = join(directory, 'hanging');
  mkdirSync(path, { recursive: true });
  execFileSync('mkfifo', [join(path, `api-${instance}.log`)]);
  return path;
}

const COMPARED: ApiOptions[] = [
  // What chance alone does: the others are worth as much as this one is near 1.
  { name: 'nothing, as a control', environment: well },
  { name: 'collector gone', environment: { ...well, OTEL_EXPORTER_JAEGER_ENDPOINT: gone } },
  {
    name: 'collector hangs',
    environment: { ...well, OTEL_EXPORTER_JAEGER_ENDPOINT: hangingReceiver },
  },
  { name: 'logs volume gone', environment: { ...well, LOG_DIRECTORY: missingVolume() } },
  { name: 'logs volume full', environment: { ...well, LOG_DIRECTORY: fullVolume() } },
  {
    name: 'logs volume hangs',
    environment: { ...well, LOG_DIRECTORY: hangingVolume('logs-volume-hangs') },
  },
  { name: 'stdout unread', environment: well, unread: true },
].map((options) => ({ ...options, telemetry: 'full' }));

function p99(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? NaN;
}

/** @returns milliseconds that each trade took */
async function measure(api: Api): Promise<number[]> {
  const times = await Promise.all(
    api.tokens.map(async (token) => {
      const taken: number[] = [];
      for (let n = 0; n < REQUESTS_A_ROUND; n += 1) {
        const started = performance.now();
        await KINDS['POST /api/trade'](api, token, n);
        taken.push(performance.now() - started);
      }
      return taken;
    }),
  );
  return times.flat();
}

async function droppedBy({ url }: Api): Promise<string[]> {
  const text = await call(`${url}/metrics`, 'GET');
  return text
    .split('\n')
    .filter((line) => /^telemetry_(?:spans|log_lines)_dropped_total.* [1-9]/.test(line));
}

const bench = await openBench();
try {
  const healthy = await bench.start({ name: 'well', telemetry: 'full', environment: well });
  const apis = [healthy];
  for (const options of COMPARED) apis.push(await bench.start(options));
  const taken = new Map(apis.map((api) => [api, [] as number[]]));
  // The first two rounds compile the code.
  for (let round = -2; round < Number(values.rounds); round += 1) {
    for (const api of round % 2 === 0 ? apis : apis.toReversed()) {
      const times = await measure(api);
      if (round >= 0) taken.get(api)?.push(...times);
    }
  }
  // Of all rounds together: that of a single one hangs on a handful of requests.
  const ofAll = (api: Api) => p99(taken.get(api) ?? []);
  console.log(`p99 of a trade, all well: ${ofAll(healthy).toFixed(1)} ms`);
  for (const api of apis.slice(1)) {
    const ratio = ofAll(api) / ofAll(healthy);
    console.log(`  ${api.name}: ${ratio.toFixed(2)} ×`, ...(await droppedBy(api)));
  }

  const all = await bench.start({
    name: 'all broken',
    telemetry: 'full',
    unread: true,
    environment: {
      OTEL_EXPORTER_JAEGER_ENDPOINT: hangingReceiver,
      LOG_DIRECTORY: join(directory, 'full'),
    },
  });
  const end = Date.now() + Number(values.minutes) * 60_000;
  const held: number[] = [];
  console.log(`\nMemory, all broken at once, ${values.minutes} min:`);
  while (Date.now() < end) {
    const minute = Math.min(end, Date.now() + 60_000);
    await Promise.all(
      all.tokens.map(async (token) => {
        for (let n = 0; Date.now() < minute; n += 1) {
          await KINDS['GET /api/characters'](all, token);
          await new Promise((resolve) => setTimeout(resolve, LOAD_PAUSE_MS));
        }
      }),
    );
    held.push((await all.usage()).rss / 2 ** 20);
    console.log(`  ${held.length} min: ${held.at(-1)?.toFixed(0) ?? ''} MB`);
  }
  console.log(' ', ...(await droppedBy(all)));
} finally {
  await bench.close();
  execFileSync('umount', [join(directory, 'full')]);
  rmSync(directory, { recursive: true });
}
