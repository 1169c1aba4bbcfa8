import { parseArgs } from 'node:util';
import {
  type Api,
  CUSTOMERS,
  type Kind,
  KINDS,
  median,
  openBench,
  startReceiver,
} from './processes.ts';

/**
 * What telemetry costs: CPU time of the API's process for a request, with all of it on, where spans, log lines and a log file really leave
 * the process, over the same code with none. At 100 % and at 10 % of requests traced. Rounds take turns; the median of their ratios
 * is told, with the lowest and the highest. To reach: 1.5 at 100 %, 1.25 at 10 %.
 *
 *   TEST_DATABASE_URL=… TEST_REDIS_URL=… npm run bench:cost -w @crows-nest/trading
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '3000' },
    /** A directory for a CPU profile of each process. */
    profile: { type: 'string' },
  },
});
const ROUNDS = Number(values.rounds);
const EACH = Math.ceil(Number(values.requests) / CUSTOMERS);

/** @returns microseconds of CPU time a request */
async function measure(api: Api, kind: Kind): Promise<number> {
  const before = await api.usage();
  await Promise.all(
    api.tokens.map(async (token) => {
      for (let n = 0; n < EACH; n += 1) await KINDS[kind](api, token, n);
    }),
  );
  return ((await api.usage()).cpu - before.cpu) / (EACH * CUSTOMERS);
}

const bench = await openBench();
const OTEL_EXPORTER_JAEGER_ENDPOINT = await startReceiver();
const started = (name: string, telemetry: 'full' | 'none', share: string) =>
  bench.start({
    name,
    telemetry,
    environment: { OTEL_EXPORTER_JAEGER_ENDPOINT, OTEL_TRACES_SAMPLER_ARG: share },
    profile: values.profile && `${values.profile}/${share}`,
  });
try {
  const none = await started('none', 'none', '0');
  const traced = [await started('100 %', 'full', '1'), await started('10 %', 'full', '0.1')];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const taken = new Map([none, ...traced].map((api) => [api, [] as number[]]));
    // The first two rounds compile the code.
    for (let round = -2; round < ROUNDS; round += 1) {
      const apis = [...taken.keys()];
      for (const api of round % 2 === 0 ? apis : apis.toReversed()) {
        const microseconds = await measure(api, kind);
        if (round >= 0) taken.get(api)?.push(microseconds);
      }
    }
    const base = taken.get(none) ?? [];
    console.log(`${kind}: ${median(base).toFixed(0)} µs without telemetry`);
    for (const api of traced) {
      const times = taken.get(api) ?? [];
      const ratios = times.map((time, round) => time / (base[round] ?? NaN));
      const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
      console.log(
        `  ${api.name} traced: ${median(times).toFixed(0)} µs, ${median(ratios).toFixed(2)} × (${spread})`,
      );
    }
  }
} finally {
  await bench.close();
}
