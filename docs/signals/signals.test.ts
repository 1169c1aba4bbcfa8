import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lineFormat } from '../../services/telemetry/src/logs/format.ts';
import { startApp } from '../../services/telemetry/src/testing/app.ts';
import { readLines, temporaryDirectory } from '../../services/telemetry/src/testing/lines.ts';
import { aliases } from './aliases.ts';
import { exposedMetrics } from './exposed.ts';
import { FILE, generate } from './generate.ts';
import { LINE_FIELDS, REQUEST_FIELDS } from './logs.ts';
import { METRIC_GROUPS } from './metrics.ts';
import { INSTRUMENTATIONS, SPANS } from './spans.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('the committed docs/signals.md is what the definitions generate', async () => {
  expect(readFileSync(FILE, 'utf8'), 'run `npm run signals` and commit what it writes').toBe(
    await generate(),
  );
});

test('every metric that is exposed has an entry, in one group, and every entry is of one that is', async () => {
  const entries = METRIC_GROUPS.flatMap(({ metrics }) => Object.keys(metrics));
  expect(entries.toSorted()).toEqual([...(await exposedMetrics()).keys()].toSorted());
});

test('every entry says what a bad value looks like', () => {
  for (const { metrics } of METRIC_GROUPS) {
    for (const [name, { bad }] of Object.entries(metrics)) expect(bad, name).toMatch(/\w.*[^.\s]$/);
  }
});

test('every alias says what it stands for, and is made of metrics that are exposed', async () => {
  const exposed = await exposedMetrics();
  expect(aliases().length).toBeGreaterThan(5);
  for (const { name, meaning, expr } of aliases()) {
    expect(meaning, name).toMatch(/\.$/);
    const metrics = (expr.match(/[a-z]+_[a-z_]+/g) ?? []).map((metric) =>
      metric.replace(/_(bucket|sum|count)$/, ''),
    );
    expect(metrics, name).not.toEqual([]);
    for (const metric of metrics) expect([...exposed.keys()], name).toContain(metric);
  }
});

describe('log lines', () => {
  test('have the fields that are listed, in that order', () => {
    const origin = { service: 's', version: 'v', environment: 'e', instance: 'i' };
    const line = lineFormat(origin, () => true).transform({ level: 'info', message: 'm' });
    expect(Object.keys(line)).toEqual(Object.keys(LINE_FIELDS));
  });

  test('of requests have those besides that are listed', async () => {
    await using directory = await temporaryDirectory();
    {
      await using app = await startApp(directory.path, (routes) => {
        routes.get('/boom', () => {
          throw new TypeError('boom');
        });
      });
      await (await fetch(`${app.url}/boom`)).text();
    }
    const lines = await readLines(join(directory.path, 'test-one.log'));
    const finished = lines.find(({ message }) => message === 'GET /boom 500') ?? {};
    const own = Object.keys(finished).filter((field) => !(field in LINE_FIELDS));
    expect(own).toEqual(Object.keys(REQUEST_FIELDS));
  });
});

describe('spans', () => {
  /** Sources that begin spans or say what is on them. */
  const sources = globSync('services/*/src/**/*.ts', { cwd: ROOT })
    .filter((path) => !/\.test\.ts$|\/testing\/|^services\/telemetry\//.test(path))
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .filter((text) => /\.span\(|\bsendOnce\(/.test(text));
  const SPAN = /\.span\(\s*['`]([^'`]+)['`]/g;
  /** Actions of the audit stream look like attributes. */
  const AUDIT = /\baction: '[^']+'/g;
  const namesIn = (text: string) =>
    [...text.matchAll(SPAN)].map(([, name = '']) => name.replaceAll(/\$\{(\w+)\.name\}/g, '<$1>'));
  const attributesIn = (text: string) =>
    [
      ...text
        .replaceAll(SPAN, '')
        .replaceAll(AUDIT, '')
        .matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g),
    ].map(([, attribute = '']) => attribute);

  test('that the services begin are listed, and no others', () => {
    const begun = sources.flatMap(namesIn);
    expect([...new Set(begun)].toSorted()).toEqual(Object.keys(SPANS).toSorted());
  });

  test('have the attributes that are listed, and no others', () => {
    const listed = Object.values(SPANS).flatMap(({ attributes }) => attributes);
    // Made of the names in a job's payload: tradeId is trade.id.
    const ofPayloads = ['lock.id', 'order.id', 'payment.id', 'trade.id', 'user.id'];
    const used = [...sources.flatMap(attributesIn), ...ofPayloads];
    expect([...new Set(used)].toSorted()).toEqual([...new Set(listed)].toSorted());
  });

  test('are listed with the attributes that their own source names', () => {
    for (const text of sources) {
      const names = namesIn(text);
      if (names.length === 0) continue;
      const listed = names.flatMap((name) => SPANS[name]?.attributes ?? []);
      expect(listed, names.join()).toEqual(expect.arrayContaining(attributesIn(text)));
    }
  });

  test('of others come from the instrumentations that the library depends on, and no others', () => {
    const manifest = readFileSync(join(ROOT, 'services/telemetry/package.json'), 'utf8');
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    const used = Object.keys(dependencies).filter((name) =>
      name.startsWith('@opentelemetry/instrumentation-'),
    );
    const listed = INSTRUMENTATIONS.map(({ by }) => by).filter((by) => by.startsWith('@'));
    expect(used.toSorted()).toEqual(listed.toSorted());
  });

  test.each(INSTRUMENTATIONS.filter(({ by }) => by.startsWith('src')))(
    'of $by have the attributes that are listed, and no others',
    ({ by, attributes }) => {
      const used = attributesIn(readFileSync(join(ROOT, 'services/telemetry', by), 'utf8'));
      expect([...new Set(used)].toSorted()).toEqual(attributes.toSorted());
    },
  );
});
