import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { type CloudWatchStandIn, startCloudWatch } from './testing/cloudwatch.ts';
import { type Collector, startCollector } from './testing/collector.ts';
import { readLines, temporaryDirectory } from './testing/lines.ts';
import { TRACES_OF_SECRETS } from './testing/secrets.ts';
import { type SentryStandIn, startSentry } from './testing/sentry.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };

function start(
  directory: string,
  collector: Collector,
  sentry: SentryStandIn,
  cloudwatch: CloudWatchStandIn,
): ChildProcess {
  const file = (path: string): string => new URL(path, import.meta.url).href;
  return spawn(
    process.execPath,
    ['--import', file('./register.ts'), fileURLToPath(file('./testing/leaks.ts'))],
    {
      env: {
        PATH: process.env.PATH,
        OTEL_SERVICE_NAME: 'leaks',
        OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces`,
        LOG_DIRECTORY: directory,
        SENTRY_DSN: sentry.dsn,
        CLOUDWATCH_LOG_GROUP: 'crows-nest',
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: cloudwatch.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'example',
      },
    },
  );
}

test('secrets come in by forty ways, and none goes out: not by output, file, spans, Sentry or CloudWatch', async () => {
  await using directory = await temporaryDirectory();
  await using collector = await startCollector();
  await using sentry = await startSentry();
  await using cloudwatch = await startCloudWatch('crows-nest');
  const child = start(directory.path, collector, sentry, cloudwatch);
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: Buffer) => output.push(part));
  }
  const exited = once(child, 'exit') as Promise<[number]>;

  const path = join(directory.path, 'leaks-one.log');
  const sent = () => [...(cloudwatch.groups.get('crows-nest')?.values() ?? [])].flat(2);
  const everythingArrived = async (atLeast: number): Promise<void> => {
    const lines = await readLines(path);
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors.length).toBeGreaterThanOrEqual(atLeast);
    expect(sentry.events).toHaveLength(errors.length);
    expect(sent().map(({ message }) => message)).toEqual(lines.map((line) => JSON.stringify(line)));
  };
  await vi.waitFor(() => everythingArrived(34), PATIENCE);
  child.stdin?.end();
  expect(await exited).toEqual([1, null]);
  await everythingArrived(35);
  expect(sentry.events.at(-1)).toMatchObject({
    message: 'Uncaught exception',
    exception: {
      values: [{ type: 'Error', value: 'cannot connect to postgres://[REDACTED]@db:5432/books' }],
    },
  });

  const written = await readFile(path, 'utf8');
  const places = {
    output: Buffer.concat(output).toString(),
    file: written,
    spans: collector.requests.map(({ body }) => body.toString('latin1')).join('\n'),
    sentry: sentry.requests.map(({ body }) => body).join('\n'),
    cloudwatch: sent()
      .map(({ message }) => message)
      .join('\n'),
  };
  for (const [place, text] of Object.entries(places)) {
    const found = TRACES_OF_SECRETS.filter((secret) => text.includes(secret));
    expect({ place, found }).toEqual({ place, found: [] });
  }
  // Each way led somewhere: something was hidden in what each of them left.
  const ways = collector.spans.filter(({ tags }) => 'way' in tags);
  expect(ways.length).toBeGreaterThan(40);
  const lines = written.split('\n');
  const nothingHidden = ways.filter(({ traceId }) => {
    const left = [
      ...lines.filter((line) => line.includes(traceId)),
      ...collector.spans
        .filter((span) => span.traceId === traceId)
        .map((span) => JSON.stringify(span)),
    ];
    return !left.some((text) => text.includes('[REDACTED]'));
  });
  expect(nothingHidden.map(({ tags }) => tags.way)).toEqual([]);
  // What sends is not traced itself.
  const receivers = [sentry.dsn, cloudwatch.url].map((url) => Number(new URL(url).port));
  expect(
    collector.spans.filter(({ tags }) => receivers.includes(Number(tags['server.port']))),
  ).toEqual([]);
}, 120_000);
