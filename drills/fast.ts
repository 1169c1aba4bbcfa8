// The fast form: every rule with its windows and waiting times twenty times shorter, generated from the real ones and put in
// their place for as long as the drills last.

import { globSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { command, compose, containers, root, serviceOf } from '../tests/stack.ts';
import type { Way } from './drill.ts';
import { scaledAlertmanager, scaledLoki, scaledPrometheus, scaledRules } from './scale.ts';

const composeFile = join(root, 'drills/docker-compose.fast.yml');
/** Mounted by docker-compose.fast.yml in place of the folders it is generated from. */
const directory = join(root, '.cache/drill');
/** Those that docker-compose.fast.yml changes. */
const changed = ['prometheus', 'alertmanager', 'loki', 'outside'];
/** Those whose counters the rules ask. */
const counting = ['api', 'market', 'worker'];

/** Which files are made faster, and how; everything else beside them is copied. */
const scaling: Record<string, (text: string) => string> = {
  'prometheus/prometheus.yml': scaledPrometheus,
  'prometheus/{rules,trading}/*.yml': scaledRules,
  'alertmanager/alertmanager.yml': scaledAlertmanager,
  'loki/loki.yml': scaledLoki,
  'loki/rules/**/*.yml': scaledRules,
};

/** Writes the fast form of Prometheus's, Alertmanager's and Loki's configuration to .cache/drill. */
export async function generate(): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const folder of ['prometheus', 'alertmanager', 'loki']) {
    // Without their tests, which would be found there as well.
    const filter = (path: string) => basename(path) !== 'tests';
    await cp(join(root, folder), join(directory, folder), { recursive: true, filter });
  }
  for (const [pattern, scale] of Object.entries(scaling)) {
    for (const path of globSync(pattern, { cwd: root })) {
      await writeFile(join(directory, path), scale(await readFile(join(root, path), 'utf8')));
    }
  }
}

/** The stack as it runs: its name, and the compose files that it was started with. */
async function running(): Promise<{ project: string; files: string[] }> {
  const prometheus = (await containers()).find((one) => serviceOf(one) === 'prometheus');
  const label = (name: string) => prometheus?.Config.Labels[`com.docker.compose.project${name}`];
  return { project: label('') ?? '', files: label('.config_files')?.split(',') ?? [] };
}

/** Whether the stack has its fast form: another drill is on, or one was killed. */
export async function isFast(): Promise<boolean> {
  return (await running()).files.includes(composeFile);
}

/** The stack's fast form, from which it comes back to the real one. */
export function fastForm(): Way {
  let before: Awaited<ReturnType<typeof running>> | undefined;
  const forget = (project: string) =>
    command('docker', ['volume', 'rm', '--force', `${project}_drill`]);
  return {
    async break() {
      const real = await running();
      await generate();
      await forget(real.project);
      // Until here nothing has changed that would have to be healed.
      before = real;
      await up([...real.files, composeFile]);
    },
    async heal() {
      if (before === undefined) return;
      // What the services count begins anew before the real Prometheus sees it: to its longer windows, what was counted during the
      // drills would be of now.
      await compose('stop', 'prometheus');
      await compose('restart', ...counting);
      await up(before.files);
      await forget(before.project);
    },
  };
}

/** Makes containers anew that these files would have otherwise, and leaves the others alone. */
async function up(files: string[]): Promise<void> {
  const named = files.flatMap((file) => ['--file', file]);
  // Not --no-deps: what they depend on (`init`) is part of what docker compose compares, and `make up` would make them anew again.
  const options = ['--detach', '--no-build', '--quiet-pull'];
  await command('docker', ['compose', ...named, 'up', ...options, ...changed]);
}
