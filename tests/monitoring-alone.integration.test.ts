// The lookout without the trading system, as somebody starts it who has a service of their own to watch: it comes up clean,
// misses nothing that is not there, and docs/adopt.md makes it watch that service. In a project of its own, on ports that Docker
// chooses, and from a copy of the repository: what is put into its folders is seen by this lookout alone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { traceIdOf } from './datasources.ts';
import {
  alerts,
  inbox,
  logs,
  query,
  rules,
  targets,
  trace,
  waitUntilQuiet,
  waitUntilRunningFor,
} from './lookout.ts';
import {
  address,
  command,
  compose,
  containers,
  expectedServices,
  root,
  serviceOf,
  waitFor,
  waitUntilWell,
} from './stack.ts';

// It waits for alerts, and for npm.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const ports = readFileSync(`${root}.env.example`, 'utf8').match(/^[A-Z_]+_PORT(?==)/gm) ?? [];
const download = await mkdtemp(join(tmpdir(), 'crows-nest-'));

Object.assign(process.env, {
  COMPOSE_PROJECT_NAME: `${process.env['COMPOSE_PROJECT_NAME'] ?? 'crows-nest'}-alone`,
  COMPOSE_FILE: join(download, 'docker-compose.monitoring.yml'),
  ...Object.fromEntries(ports.map((name) => [name, '0'])),
});

beforeAll(async () => {
  const leftOut = ['node_modules', '.git', '.cache'];
  const filter = (path: string) => !leftOut.includes(relative(root, path));
  await cp(root, download, { recursive: true, filter });
  await symlink(`${root}node_modules`, join(download, 'node_modules'));
  await compose('up', '--detach', '--quiet-pull', ...(await expectedServices()));
});

afterAll(async () => {
  await compose('down', '--volumes', '--timeout', '10');
  expect(await containers()).toEqual([]);
  await rm(download, { recursive: true });
});

test('every container is well within a minute', async () => {
  await waitUntilWell(60);
  const there = (await containers()).map(serviceOf);
  expect(there.toSorted()).toEqual((await expectedServices()).toSorted());
});

test('every target is up, every probe succeeds, and nothing of the trading system is expected', async () => {
  await waitFor('all targets to be up', 90, async (see) => {
    const all = await targets();
    const sick = see(all.filter(({ health }) => health !== 'up'));
    return all.length > 0 && sick.length === 0;
  });
  await waitFor('all probes to succeed', 60, async (see) => {
    const failing = see(await query('probe_success == 0'));
    return failing.length === 0 && (await query('probe_success')).length > 0;
  });
  const services = (await targets()).map(({ labels }) => labels['service']);
  for (const service of ['api', 'market', 'worker', 'web']) expect(services).not.toContain(service);
});

test('every rule can be evaluated', async () => {
  await waitFor('all rules to have been evaluated', 60, async (see) => {
    const all = await rules();
    return all.length > 0 && see(all.filter(({ health }) => health !== 'ok')).length === 0;
  });
});

describe("docs/adopt.md makes it watch a stranger's service", () => {
  const blocks = [
    ...readFileSync(`${root}docs/adopt.md`, 'utf8').matchAll(/```sh\n(.*?)```/gs),
  ].map(([, block = '']) => block);
  let port: number;
  let stop: () => Promise<void> = () => Promise.resolve();

  /** The one block of the page that has these words. */
  function block(words: string): string {
    const [found, ...others] = blocks.filter((one) => one.includes(words));
    if (found === undefined || others.length > 0) {
      throw new Error(`docs/adopt.md should have one block with "${words}"`);
    }
    return found;
  }

  /** A shell of the reader's: the page's addresses are this lookout's, its port a free one, and its Node is 24. */
  function shell(script: string): string[] {
    const here = Object.entries({
      'localhost:9090': new URL(address('prometheus', 9090)).host,
      'localhost:3100': new URL(address('loki', 3100)).host,
      'localhost:16686': new URL(address('jaeger', 16686)).host,
      ':4000': `:${port}`,
    }).reduce((text, [from, to]) => text.replaceAll(from, to), script);
    const settings = `
      export CROWS_NEST='${download}' PORT=${port} PATH='${dirname(process.execPath)}':"$PATH":'${download}/bin'
      export OTEL_EXPORTER_OTLP_ENDPOINT='${address('collector', 4318)}'
      cd '${download}'`;
    return ['-euo', 'pipefail', '-c', `${settings}\n${here}`];
  }

  // npm asks the registry for some 200 packages.
  const type = (script: string): Promise<string> => command('bash', shell(script), 300);

  beforeAll(async () => {
    const probe = createServer().listen(0);
    await once(probe, 'listening');
    ({ port } = probe.address() as { port: number });
    probe.close();
    // A host without npm borrows that of the Node image, as scripts/node.sh does.
    await type(`source scripts/environment.sh
      command -v npm >/dev/null && exit
      docker run --rm "$node_image" tar -cC /usr/local/lib/node_modules npm | tar -xC '${download}'
      mkdir bin
      ln -s ../npm/bin/npm-cli.js bin/npm`);
  });

  afterAll(async () => {
    await stop();
  });

  test('it is packed, installed and started with its two lines, and found by one scrape file', async () => {
    await type(block('npm run pack'));
    await type(block('cp -r'));
    await type(`cd shop\n${block('npm install')}`);

    const shop = spawn('bash', shell(`cd shop\n${block('npm start')}`), {
      // A group of its own, because npm and a shell stand before the service.
      detached: true,
      stdio: 'ignore',
    });
    const ended = once(shop, 'exit');
    stop = async () => {
      if (shop.exitCode !== null || shop.signalCode !== null || shop.pid === undefined) return;
      process.kill(-shop.pid, 'SIGTERM');
      await ended;
    };
    await type(block('prometheus/targets/shop.yml <<'));
    await waitFor('the target shop to be up', 60, async (see) => {
      const [target] = see((await targets()).filter(({ labels }) => labels['service'] === 'shop'));
      return target?.health === 'up';
    });
  }, 300_000);

  test('its requests are in Prometheus, its log lines in Loki, its traces in Jaeger, and the page finds them', async () => {
    await type(block('for _ in'));
    const routes = ['/lanterns/:id', '/lanterns/:id/stock', '/orders', 'unmatched'];
    await waitFor('the metrics of every request', 30, async (see) => {
      const found = see(await query('http_requests_total{service="shop"} == 5'));
      const there = found.map(({ metric }) => metric['route']);
      return routes.every((route) => there.includes(route));
    });
    const line = await waitFor('the log line of a failed order', 15, async (see) => {
      const [found] = see(await logs('{service_name="shop"} | level="error"'));
      return found;
    });
    expect(JSON.parse(line.text)).toMatchObject({
      message: 'POST /orders 500',
      error: { message: 'the till is stuck' },
    });
    const traceId = traceIdOf(line) ?? 'none';
    await waitFor('the trace of the failed order', 15, async (see) => {
      const spans = see(await trace(traceId));
      return spans.some(({ service, name }) => service === 'shop' && name === 'POST /orders');
    });

    const found = await type(block('curl -s localhost:9090'));
    for (const text of ['"route":"/lanterns/:id"', 'the till is stuck', traceId]) {
      expect(found).toContain(text);
    }
  });

  test('no alert has fired meanwhile but the Watchdog, and none is about to', async () => {
    // Longer than ServiceDown waits after Prometheus's start, so that it would be seen.
    await waitUntilRunningFor(150);
    const fired = 'count_over_time(ALERTS{alertstate="firing"}[10m])';
    const names = (await query(fired)).map(({ metric }) => metric['alertname']);
    expect(names).toEqual(['Watchdog']);
    // Nor is any about to, but for what the shop's stuck till may lead to.
    const now = (await alerts()).filter(({ labels }) => labels['service'] !== 'shop');
    expect(now.map(({ labels }) => labels['alertname'])).toEqual(['Watchdog']);
  });

  test('it is reported when it is down, and no longer expected when its file is removed', async () => {
    await stop();
    await waitFor('ServiceDown in the inbox', 90, async (see) => {
      const messages = see(await inbox('slack'));
      return messages.some(({ title }) => /ServiceDown.*\bshop\b/.test(title));
    });
    await type(block('rm $CROWS_NEST'));
    await waitUntilQuiet(60);
  });
});
