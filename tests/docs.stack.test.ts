// What the documentation tells people to type works on the running stack.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { logs, metricNames, metricsIn } from './lookout.ts';
import { ownSeries } from './rules.ts';
import { address, command, getJson, root, waitFor } from './stack.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('README’s trade made with curl is carried out, and README’s query finds it', async () => {
  const readme = read('README.md');
  const blocks = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
  const example = blocks.find((block) => block.includes('/api/trade')) ?? '';
  const query = /`(\{service_name="api"\}[^`]*requestId="…"[^`]*)`/.exec(readme)?.[1] ?? '';
  expect(example).not.toBe('');
  expect(query).not.toBe('');

  const host = new URL(address('web', 3000)).host;
  const answer = await command('bash', ['-c', example.replaceAll('localhost:3000', host)]);
  expect(answer).toMatch(/^HTTP\/1.1 201/);
  const [, requestId = ''] = /^x-request-id: (\S+)/im.exec(answer) ?? [];
  await waitFor('the line of the trade', 15, async (see) => {
    return see(await logs(query.replace('…', requestId))).length > 0;
  });
});

test('the start page and the inbox page are pages', async () => {
  for (const url of [address('web', 80), address('outside', 8025)]) {
    const response = await fetch(url);
    expect(response.status, url).toBe(200);
    expect(response.headers.get('content-type'), url).toMatch(/^text\/html/);
  }
});

test('the start page lists every address a person can open', async () => {
  const list = (await getJson(`${address('web', 80)}/addresses.json`)) as { port: number }[];
  const listed = list.map(({ port }) => port);
  const openable = [
    ['web', 3000],
    ['outside', 8025],
    ['prometheus', 9090],
    ['alertmanager', 9093],
    ['jaeger', 16686],
    ['loki', 3100],
  ] as const;
  for (const [service, port] of openable) {
    expect(listed, service).toContain(Number(new URL(address(service, port)).port));
  }
});

/** The endings of our metrics' names, by which they are told from other words in code font. */
const metric =
  /`((?:[a-z]+_(?:[a-z0-9]+_)*(?:total|seconds|bytes|info|imbalance))|(?:[a-z]+_(?:[a-z0-9]+_)+(?:connections|requests|depth|sessions)))(?:\{[^`]*)?`/g;

/** What there is now, and of our own also what has not happened yet on a fresh stack. */
const series = async () => [...(await metricNames()), ...(await ownSeries())];

// docs/signals.md is made from the definitions of what it names.
const written = globSync('docs/**/*.md', { cwd: root, exclude: ['docs/signals.md'] });

describe.each(written)('%s', (path) => {
  const text = read(path);

  test('names only metrics that exist', async () => {
    const named = [...text.matchAll(metric)].map(([, name = '']) => name);
    const exposed = await series();
    const isExposed = (name: string) =>
      [name, `${name}_bucket`, `${name}_count`].some((one) => exposed.includes(one));
    expect(named.filter((name) => !isExposed(name))).toEqual([]);
  });

  test('asks only queries that Prometheus understands, of metrics that exist', async () => {
    const queries = [...text.matchAll(/```promql\n(.*?)```/gs)].map(([, query = '']) => query);
    const exposed = await series();
    for (const query of queries) {
      const names = await metricsIn(query);
      expect(names.filter((name) => !exposed.includes(name))).toEqual([]);
    }
  });

  test('asks only queries that Loki understands', async () => {
    const queries = [...text.matchAll(/```logql\n(.*?)\n```/gs)].map(([, query = '']) => query);
    for (const query of queries) {
      const parameters = new URLSearchParams({ query, limit: '1' }).toString();
      const answer = await fetch(`${address('loki', 3100)}/loki/api/v1/query_range?${parameters}`);
      expect(answer.status, `${query}: ${await answer.text()}`).toBe(200);
    }
  });
});
