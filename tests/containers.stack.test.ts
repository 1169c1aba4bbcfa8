// The stack as Docker sees it: complete, healthy, bounded, and closed to the network.

import { expect, test } from 'vitest';

import {
  type Container,
  command,
  containers,
  expectedServices,
  isWell,
  serviceOf,
  waitUntilWell,
} from './stack.ts';

await waitUntilWell(60);
const all = await containers();

/** The services whose containers are not as they should be, with what they are instead. */
function offenders(
  isRight: (container: Container) => boolean,
  seen: (container: Container) => unknown,
): unknown[] {
  return all.filter((one) => !isRight(one)).map((one) => [serviceOf(one), seen(one)]);
}

const isOneShot = ({ HostConfig }: Container) => HostConfig.RestartPolicy.Name === 'no';

test('every service of the compose files has a container', async () => {
  const there = all.map(serviceOf);
  expect((await expectedServices()).filter((service) => !there.includes(service))).toEqual([]);
});

test('every container is running and healthy, or has exited with 0', () => {
  expect(offenders(isWell, ({ State }) => State)).toEqual([]);
});

test('only what has one job to do ends; everything else is started again by itself', () => {
  expect(all.filter(isOneShot).map(serviceOf).toSorted()).toEqual(['init', 'migrate']);
  expect(
    offenders(
      (one) => isOneShot(one) || one.HostConfig.RestartPolicy.Name === 'unless-stopped',
      ({ HostConfig }) => HostConfig.RestartPolicy,
    ),
  ).toEqual([]);
});

test('no container has a volume without a name, which each start would leave behind', () => {
  const nameless = ({ Mounts }: Container) =>
    Mounts.filter(({ Type, Name = '' }) => Type === 'volume' && /^[0-9a-f]{64}$/.test(Name));
  expect(offenders((one) => nameless(one).length === 0, nameless)).toEqual([]);
});

test('nothing has run out of its memory', () => {
  expect(
    offenders(
      ({ State }) => !State.OOMKilled,
      ({ State }) => State,
    ),
  ).toEqual([]);
});

test('every container has a memory limit', () => {
  expect(
    offenders(
      ({ HostConfig }) => HostConfig.Memory > 0,
      ({ HostConfig }) => HostConfig.Memory,
    ),
  ).toEqual([]);
});

test('what containers print is rotated, so that it never fills the disk', () => {
  const rotated = ({ HostConfig: { LogConfig } }: Container) =>
    LogConfig.Type === 'json-file' &&
    LogConfig.Config['max-size'] !== undefined &&
    LogConfig.Config['max-file'] !== undefined;
  expect(offenders(rotated, ({ HostConfig }) => HostConfig.LogConfig)).toEqual([]);
});

test('no port is reachable from outside this machine', () => {
  const published = ({ NetworkSettings }: Container) =>
    Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
  expect(
    offenders((one) => published(one).every(({ HostIp }) => HostIp === '127.0.0.1'), published),
  ).toEqual([]);
  expect(
    offenders(
      ({ HostConfig }) => HostConfig.NetworkMode !== 'host',
      ({ HostConfig }) => HostConfig.NetworkMode,
    ),
  ).toEqual([]);
});

test('every image is pinned to a version', () => {
  expect(
    offenders(
      ({ Config }) => /:v?\d+\.\d+/.test(Config.Image),
      ({ Config }) => Config.Image,
    ),
  ).toEqual([]);
});

test('the whole stack holds less than 1.4 GB of memory', async () => {
  const format = '{{.Name}} {{.MemUsage}}'; // name, then for example 41.2MiB / 128MiB
  const ids = all.filter(({ State }) => State.Status === 'running').map(({ Id }) => Id);
  const lines = (await command('docker', ['stats', '--no-stream', '--format', format, ...ids]))
    .trim()
    .split('\n');
  const bytes = lines.map((line) => {
    const [, amount, unit] = /^\S+ ([\d.]+)([KMG]i)?B/.exec(line) ?? [];
    const factor = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit ?? ''] ?? 1;
    return Number(amount) * factor;
  });
  expect(
    bytes.reduce((sum, one) => sum + one, 0),
    lines.join('\n'),
  ).toBeLessThan(1.4e9);
});
