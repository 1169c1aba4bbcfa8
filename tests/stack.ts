// The running stack that the tests ask: whichever `docker compose` in this folder means. COMPOSE_PROJECT_NAME and
// COMPOSE_ENV_FILES choose another one, as `make test` does.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** The repository's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Longer than any command of Docker's should take, and shorter than anybody should wait for one that hangs. */
const COMMAND_SECONDS = 120;

/** Runs a program in the repository and gives its stdout. Throws with its stderr when it fails; after so many seconds it is killed. */
export async function command(
  program: string,
  args: string[],
  seconds = COMMAND_SECONDS,
): Promise<string> {
  // In a group of its own: a Ctrl-C on the terminal is for who called this, not for a `docker compose` in the middle of its work.
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let late = false as boolean;
  const limit = setTimeout(() => {
    late = true;
    killGroup(child.pid);
  }, seconds * 1000);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]).finally(() => {
    clearTimeout(limit);
  });
  if (code === 0) return stdout;
  const how = late ? `was killed after ${seconds} s` : `ended with ${code ?? signal ?? '?'}`;
  throw new Error(`${program} ${args.join(' ')} ${how}: ${stderr}`);
}

/** All of it: `docker` has `docker compose` as a child, which holds on to the output. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** `docker compose …` on the stack under test. */
export function compose(...args: string[]): Promise<string> {
  return command('docker', ['compose', ...args]);
}

const addresses = new Map<string, string>();

/** Where a port of a service is published, as `http://127.0.0.1:8080`; found out once. */
export function address(service: string, port: number): string {
  const key = `${service}:${port}`;
  let found = addresses.get(key);
  if (found === undefined) {
    const args = ['compose', 'port', service, String(port)];
    const options = {
      cwd: root,
      encoding: 'utf8',
      // stderr is part of what is thrown, not printed.
      stdio: 'pipe',
      timeout: COMMAND_SECONDS * 1000,
      killSignal: 'SIGKILL',
    } as const;
    found = `http://${execFileSync('docker', args, options).trim()}`;
    addresses.set(key, found);
  }
  return found;
}

/** What `docker inspect` says of a container, as far as the tests read it. */
export interface Container {
  Id: string;
  Config: { Image: string; Labels: Record<string, string> };
  State: {
    Status: string;
    ExitCode: number;
    OOMKilled: boolean;
    Health?: { Status: string };
  };
  RestartCount: number;
  Mounts: { Type: string; Name?: string; Source: string; Destination: string }[];
  HostConfig: {
    Memory: number;
    LogConfig: { Type: string; Config: Record<string, string> };
    RestartPolicy: { Name: string };
    Privileged: boolean;
    NetworkMode: string;
  };
  NetworkSettings: {
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
    Networks: Record<string, { Aliases: string[] | null }>;
  };
}

/** Every container of the stack under test, also those that have exited. */
export async function containers(): Promise<Container[]> {
  const ids = (await compose('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
  return ids.length === 0
    ? []
    : (JSON.parse(await command('docker', ['inspect', ...ids])) as Container[]);
}

/** The compose service a container belongs to. */
export function serviceOf(container: Container): string {
  return container.Config.Labels['com.docker.compose.service'] ?? '?';
}

/** Running and, where it can tell, healthy; or a one-shot that has done its work. */
export function isWell({ State, HostConfig }: Container): boolean {
  return State.Status === 'exited'
    ? HostConfig.RestartPolicy.Name === 'no' && State.ExitCode === 0
    : State.Status === 'running' && (State.Health?.Status ?? 'healthy') === 'healthy';
}

/** The services that must be there: all of the compose files, but Grafana only where its image is (airgap/README.md). */
export async function expectedServices(): Promise<string[]> {
  const config = JSON.parse(await compose('config', '--format', 'json')) as {
    services: Record<string, { image: string; deploy?: { replicas?: number } }>;
  };
  const images = await command('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}']);
  return Object.entries(config.services)
    .filter(([, { deploy }]) => deploy?.replicas !== 0)
    .filter(([name, { image }]) => name !== 'grafana' || images.split('\n').includes(image))
    .map(([name]) => name);
}

/**
 * Asks `look` again and again until it gives something other than `undefined` or `false`, and gives that. When `seconds` have
 * passed it throws, and says what was last seen: what `look` passed to `see`, or the error it threw.
 *
 * @throws at once, with its reason, when `signal` is aborted
 */
export async function waitFor<T>(
  what: string,
  seconds: number,
  look: (see: <S>(value: S) => S) => Promise<T | undefined | false>,
  signal?: AbortSignal,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown = 'nothing';
  const see = <S>(value: S): S => {
    last = value;
    return value;
  };
  for (;;) {
    signal?.throwIfAborted();
    try {
      const found = await look(see);
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const seen = inspect(last, { depth: 6, maxArrayLength: 50 }).slice(0, 4000);
      throw new Error(`waited ${seconds} s for ${what}; last seen: ${seen}`);
    }
    await sleep(250);
  }
}

/** Waits until every container is well again, and says which are not if that does not come. */
export async function waitUntilWell(seconds: number, signal?: AbortSignal): Promise<void> {
  await waitFor(
    'every container to be well',
    seconds,
    async (see) => {
      const sick = (await containers()).filter((container) => !isWell(container));
      return see(sick.map((container) => [serviceOf(container), container.State])).length === 0;
    },
    signal,
  );
}

/** GET of a JSON document; throws when the answer is not 2xx. */
export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
