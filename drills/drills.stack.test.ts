// Drills break the running stack for real, tell how long it took to be told, and leave the stack as it was, however they end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { afterAll, beforeEach, expect, test } from 'vitest';

import { compose, containers, root, serviceOf, waitFor, waitUntilWell } from '../tests/stack.ts';
import { obstacles, untilQuiet } from './readiness.ts';

/** What a drill must not change: which configuration and networks each container has, and that it runs. */
async function asItIs(): Promise<Record<string, string[]>> {
  const all = Map.groupBy(await containers(), serviceOf);
  return Object.fromEntries(
    [...all].toSorted().map(([service, copies]) => [
      service,
      copies.map(({ State, Config, NetworkSettings, Mounts }) => {
        const configuration = Config.Labels['com.docker.compose.config-hash'] ?? '?';
        const networks = Object.keys(NetworkSettings.Networks).toSorted();
        const sources = Mounts.map(({ Source, Destination }) => `${Source} ${Destination}`);
        return [State.Status, configuration, ...networks, ...sources.toSorted()].join(', ');
      }),
    ]),
  );
}

function drill(name: string, speed: 'real' | 'fast') {
  const env = { ...process.env, NAME: name, DRILL_SPEED: speed };
  const child = spawn(process.execPath, ['drills/main.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, ended };
}

let before: Awaited<ReturnType<typeof asItIs>>;

beforeEach(async () => {
  await waitUntilWell(60);
  // What came before, and a drill before, may have left something in the windows of the real rules.
  await untilQuiet(300);
  before = await asItIs();
});

afterAll(async () => {
  await compose('start', 'redis');
  await waitUntilWell(60);
});

test('a container stopped, a fault and an attack are detected, told, healed and over', async () => {
  const names = ['attack-tokens', 'slow-sql', 'redis-down'];
  const { child, ended } = drill(names.join(' '), 'fast');
  const [said, [code]] = await Promise.all([text(child.stdout), ended]);
  expect(code, said).toBe(0);
  for (const name of names) {
    expect(said).toMatch(new RegExp(`^${name} .* \\d+ s +\\d+ s +\\d+ s +✓$`, 'm'));
  }
  expect(said).toMatch(/runbook +http\S+\/runbooks\/DependencyDown$/m);
  expect(await asItIs()).toEqual(before);
  expect(await obstacles()).toEqual([]);
});

test('Ctrl-C in the middle, and again, heals what is broken, also when nobody listens any more', async () => {
  // Not in the fast form: a second time within minutes it is ContainerRestarting by right.
  const { child, ended } = drill('redis-down', 'real');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitFor('Redis to be stopped', 120, async (see) => {
    see({ exited: child.exitCode, said });
    const redis = (await containers()).find((one) => serviceOf(one) === 'redis');
    return redis?.State.Status === 'exited';
  });
  child.stdout.destroy();
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(await asItIs()).toEqual(before);
  await waitUntilWell(60);
});
