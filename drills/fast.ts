// The fast form: every rule with its windows and waiting times twenty times shorter, generated from the real ones and put in
// their place for as long as the drills last.

import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';

import { command, containers, root, serviceOf } from '../tests/stack.ts';
import { scaledAlertmanager, scaledLoki, scaledPrometheus, scaledRules } from './scale.ts';

const composeFile = join(root, 'drills/docker-compose.fast.yml');
/** Mounted by docker-compose.fast.yml in place of the folders it is generated from. */
const directory = join(root, '.cache/drill');
/** Those that docker-compose.fast.yml changes. */
const services = ['prometheus', 'alertmanager', 'loki', 'outside'];

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
    await cp(join(root, folder), join(directory, folder), { recursive: true });
  }
  for (const [pattern, scale] of Object.entries(scaling)) {
    for (const path of globSync(pattern, { cwd: root })) {
      await writeFile(join(directory, path), scale(await readFile(join(root, path), 'utf8')));
    }
  }
}

/** Whether the stack runs in its fast form: another drill is on, or one was killed. */
export async function isFast(): Promise<boolean> {
  return (await composeFiles()).includes(composeFile);
}

/** Does the work with the rules in their fast form, and puts the real ones back, whatever happens. */
export async function inFastForm<T>(work: () => Promise<T>): Promise<T> {
  await generate();
  const files = await composeFiles();
  try {
    await up([...files, composeFile]);
    return await work();
  } finally {
    await up(files);
  }
}

/** The compose files that the running stack was started with. */
async function composeFiles(): Promise<string[]> {
  const prometheus = (await containers()).find((one) => serviceOf(one) === 'prometheus');
  const label = prometheus?.Config.Labels['com.docker.compose.project.config_files'];
  return label?.split(',') ?? [];
}

/** Starts what is different anew, and leaves the rest alone. */
async function up(files: string[]): Promise<void> {
  const named = files.flatMap((file) => ['--file', file]);
  const options = ['--detach', '--no-deps', '--no-build', '--quiet-pull'];
  await command('docker', ['compose', ...named, 'up', ...options, ...services]);
}
