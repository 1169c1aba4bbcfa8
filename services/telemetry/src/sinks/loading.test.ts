import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startSentry } from '../testing/sentry.ts';

const PROGRAM = `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    load(url, context, next) {
      const [, name] = /node_modules\\/(@sentry|@aws-sdk)\\//.exec(url) ?? [];
      if (name !== undefined) loaded.add(name);
      return next(url, context);
    },
  });
  const { createTelemetry } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
  const { trace } = await import('@opentelemetry/api');
  const { createServer, request } = await import('node:http');
  const before = [trace.getTracerProvider(), createServer, request, globalThis.fetch, console.log];
  const telemetry = createTelemetry({
    service: 'test', version: '1', environment: 'test', logLevel: 'info', ...JSON.parse(process.argv[1]),
  });
  telemetry.logger.error('failed', { error: new Error('no') });
  await telemetry.close();
  const http = await import('node:http');
  const after = [trace.getTracerProvider(), http.createServer, http.request, globalThis.fetch, console.log];
  const changed = after.filter((one, index) => one !== before[index]).length;
  console.error(JSON.stringify({ loaded: [...loaded], changed, listeners: process.eventNames() }));
`;

/** What a process with these options has loaded of the SDKs, and how much of what it had before was changed. */
async function run(options: object): Promise<unknown> {
  const { stderr } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval', PROGRAM, JSON.stringify(options)],
  ]);
  return JSON.parse(stderr);
}

test('loads no SDK where nothing is configured, and only Sentry’s with a DSN; that one changes nothing', async () => {
  await using sentry = await startSentry();
  const without = await run({});
  expect(without).toMatchObject({ loaded: [], changed: 0 });
  const options = { sentryDsn: sentry.dsn };
  expect(await run(options)).toEqual({ ...(without as object), loaded: ['@sentry'] });
  expect(sentry.events).toHaveLength(1);
});
