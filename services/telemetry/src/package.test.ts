// The library as a stranger gets it: packed once, and installed into small projects of their own. Each has what the package
// says that it needs and nothing else; these are links to what is installed here, so no registry is asked.

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { scrape, series } from './testing/app.ts';
import { type ReceivedSpan, startCollector } from './testing/collector.ts';
import { readLines, temporaryDirectory } from './testing/lines.ts';
import { startSample } from './testing/process.ts';

const run = promisify(execFile);

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
}

let tarball = '';

beforeAll(async () => {
  const pack = join(import.meta.dirname, '../pack.ts');
  tarball = (await run(process.execPath, [pack])).stdout.trim();
}, 120_000);

test('holds JavaScript with its declarations and nothing of the tests', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const files = stdout.split('\n').filter((path) => path !== '' && !path.endsWith('/'));
  const kinds = new Set(
    files.map((path) => /(?:\.d\.ts|\.js|README\.md|package\.json)$/.exec(path)?.[0]),
  );
  expect([...kinds].toSorted()).toEqual(['.d.ts', '.js', 'README.md', 'package.json']);
  expect(files).toEqual(
    expect.arrayContaining(
      ['index.js', 'index.d.ts', 'register.js'].map((name) => `package/${name}`),
    ),
  );
  expect(files.filter((path) => /test/.test(path))).toEqual([]);
});

const EXPRESS = { 4: 'express4', 5: 'express' };
const IMPORTS = {
  mjs: `import express from 'express';
    import { createHealth, createTelemetry, exemplar } from '@crows-nest/telemetry';`,
  cjs: `const express = require('express');
    const { createHealth, createTelemetry, exemplar } = require('@crows-nest/telemetry');`,
};

test.concurrent.each([
  [4, 'mjs'],
  [4, 'cjs'],
  [5, 'mjs'],
  [5, 'cjs'],
] as const)(
  'observes a service under Express %i as .%s',
  async (version, kind) => {
    await using directory = await temporaryDirectory();
    await using collector = await startCollector();
    // Without a package.json of its own: a script is observed as well.
    await installTelemetry(directory.path);
    await install(directory.path, 'express', installed(EXPRESS[version]));
    const service = await readFile(join(import.meta.dirname, 'testing/stranger.js'), 'utf8');
    await writeFile(join(directory.path, `server.${kind}`), `${IMPORTS[kind]}\n${service}`);
    await using shop = await startSample(
      {
        OTEL_SERVICE_NAME: 'shop',
        OTEL_EXPORTER_JAEGER_ENDPOINT: `${collector.url}/api/traces`,
        LOG_DIRECTORY: directory.path,
      },
      {
        args: ['--import', '@crows-nest/telemetry/register', `server.${kind}`],
        cwd: directory.path,
      },
    );

    // One asks another service, one fails, one leads nowhere; a health check that is well, and one that throws.
    const ask = (path: string, id: string): Promise<Response> =>
      fetch(shop.url + path, { headers: { 'X-Request-ID': id } });
    const looked = await ask('/orders/7/items/rum', 'r-item');
    const body = (await looked.json()) as { stock: number; exemplar: { trace_id: string } };
    const broken = await ask('/broken', 'r-broken');
    const nowhere = await ask('/nowhere/at/all', 'r-nowhere');
    const ready = await ask('/health/ready', 'r-ready');
    const faulty = await ask('/faulty/health/ready', 'r-faulty');
    const statuses = [looked, broken, nowhere, ready, faulty].map(({ status }) => status);
    expect(statuses).toEqual([200, 500, 404, 200, 500]);
    expect(looked.headers.get('x-request-id')).toBe('r-item');

    const text = await scrape(shop.url);
    const count = (labels: string): number => series(text, `http_requests_total{${labels}}`);
    expect(count('method="GET",route="/orders/:order/items/:item",status_code="200"')).toBe(1);
    expect(count('method="GET",route="/broken",status_code="500"')).toBe(1);
    expect(count('method="GET",route="unmatched",status_code="404"')).toBe(1);
    const errors = 'http_requests_errors_total{method="GET",route="/broken",type="RangeError"}';
    expect(series(text, errors)).toBe(1);

    expect(await shop.stop()).toBe(0);
    const server = (name: string): ReceivedSpan | undefined =>
      collector.spans.find((span) => span.name === name && span.tags['span.kind'] === 'server');
    const request = server('GET /orders/:order/items/:item');
    const outgoing = collector.spans.find(({ tags }) => tags['span.kind'] === 'client');
    const stock = server('GET /stock');
    expect(request).toMatchObject({ service: 'shop', traceId: body.exemplar.trace_id });
    expect(outgoing).toMatchObject({ traceId: request?.traceId, parentSpanId: request?.spanId });
    expect(stock).toMatchObject({ traceId: request?.traceId, parentSpanId: outgoing?.spanId });
    expect(server('GET /broken')).toBeDefined();

    const lines = await readLines(join(directory.path, 'shop-one.log'));
    expect(lines.find(({ message }) => message === 'looking')).toMatchObject({
      service: 'shop',
      requestId: 'r-item',
      traceId: request?.traceId,
      order: '7',
    });
    const failure = lines.find(({ status }) => status === 500);
    expect(failure).toMatchObject({
      level: 'error',
      requestId: 'r-broken',
      traceId: server('GET /broken')?.traceId,
    });
    expect(failure?.stack).toMatch(/RangeError: out of rum\n\s+at .*server/);
  },
  180_000,
);

const TYPES = { 4: '@types/express4', 5: '@types/express' };

test.concurrent.each([4, 5] as const)(
  'has types that a strict project under Express %i can use',
  async (version) => {
    await using directory = await temporaryDirectory();
    await installTelemetry(directory.path);
    for (const [name, source] of [
      ['express', EXPRESS[version]],
      ['@types/express', TYPES[version]],
      ['@types/node', '@types/node'],
    ] as const) {
      await install(directory.path, name, installed(source));
    }
    await Promise.all(
      Object.entries({
        'package.json': '{ "type": "module" }',
        'tsconfig.json': JSON.stringify({
          compilerOptions: {
            module: 'nodenext',
            target: 'es2024',
            types: ['node'],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            noEmit: true,
          },
        }),
        'server.ts': `
          import '@crows-nest/telemetry/register';
          import express, { type ErrorRequestHandler } from 'express';
          import { createHealth, createTelemetry, type Telemetry } from '@crows-nest/telemetry';
          export const telemetry: Telemetry = createTelemetry({
            service: 'shop', version: '1.0.0', environment: 'test', logLevel: 'http',
          });
          const failed: ErrorRequestHandler = (error, _request, response, _next) => {
            telemetry.recordError(response, error);
            response.sendStatus(500);
          };
          const health = createHealth({ version: '1.0.0', checks: {}, started: () => true });
          express().use(telemetry.http()).use(health.router).get('/metrics', telemetry.metricsEndpoint()).use(failed);
          telemetry.logger.info('typed');
          const three: Promise<number> = telemetry.span('count', { till: 3 }, async (span) => {
            span.setAttribute('counted', true);
            return telemetry.observeQuery('select', 'shelves', async () => 3);
          });
          // @ts-expect-error -- there is no such level, and the declarations say so
          createTelemetry({ service: 'shop', version: '1', environment: 'test', logLevel: 'loud' });
          void three;`,
        'old.cts': `
          import telemetry = require('@crows-nest/telemetry');
          export const context: telemetry.RequestContext | undefined = telemetry.currentContext();`,
      }).map(([name, content]) => writeFile(join(directory.path, name), content)),
    );
    const tsc = join(installed('typescript'), 'bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', directory.path]).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(stdout).toBe('');
  },
  180_000,
);

/** Unpacks the tarball as `npm install` would. */
async function installTelemetry(project: string): Promise<void> {
  const target = join(project, 'node_modules/@crows-nest/telemetry');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  await linkDependencies(target, import.meta.dirname);
}

/** Copies a package, because its folder's name is what instrumentations know it by, and links what it needs below it. */
async function install(project: string, name: string, source: string): Promise<void> {
  const target = join(project, 'node_modules', name);
  await cp(source, target, {
    recursive: true,
    filter: (path) => !path.slice(source.length).startsWith('/node_modules'),
  });
  await linkDependencies(target, source);
}

async function linkDependencies(target: string, source: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const link = join(target, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(installed(name, source), link);
  }
}

/** The folder of a package, as Node finds it from `source`. */
function installed(name: string, source = import.meta.dirname): string {
  const manifest = findPackageJSON(name, join(source, 'package.json'));
  if (manifest === undefined) throw new Error(`${name} is not installed; run npm ci`);
  return dirname(manifest);
}
