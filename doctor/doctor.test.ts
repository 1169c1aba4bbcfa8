import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { troubleAt, troublesUntil } from './ask.ts';
import { components } from './components.ts';
import { containerTrouble, parseContainers } from './containers.ts';

const running = { Service: 'api', State: 'running', Health: '', ExitCode: 0 };

test('reads the containers as new and as old Compose prints them', () => {
  const line = JSON.stringify(running);
  expect(parseContainers(`${line}\n${line}\n`)).toEqual([running, running]);
  expect(parseContainers(`[${line}]`)).toEqual([running]);
  expect(parseContainers('')).toEqual([]);
});

test.each([
  [running, undefined],
  [{ ...running, Health: 'healthy' }, undefined],
  [{ ...running, Health: 'unhealthy' }, 'is unhealthy'],
  [{ ...running, Health: 'starting' }, 'is starting'],
  [{ ...running, State: 'exited' }, 'has been stopped: `make up` starts it again'],
  [{ ...running, State: 'exited', ExitCode: 137 }, 'exited with code 137'],
  [{ ...running, State: 'restarting' }, 'is restarting'],
])('sees what is wrong with a container: %o', (container, trouble) => {
  expect(containerTrouble(container, false)).toBe(trouble);
});

test('a one-shot that ended well is well', () => {
  const ended = { ...running, State: 'exited' };
  expect(containerTrouble(ended, true)).toBeUndefined();
  expect(containerTrouble({ ...ended, ExitCode: 1 }, true)).toBe('exited with code 1');
});

test('tells an answer, a refusal and silence apart', async () => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/well' ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await troubleAt(`${base}/well`)).toBeUndefined();
  expect(await troubleAt(`${base}/ill`)).toBe(`answers 503 at ${base}/ill`);
  await new Promise((resolve) => server.close(resolve));
  expect(await troubleAt(`${base}/well`)).toContain(`does not answer at ${base}/well`);
});

test('waits until the trouble is over, and gives up in time', async () => {
  const looks = [['starting'], []];
  expect(
    await troublesUntil(() => Promise.resolve(looks.shift() ?? []), Date.now() + 60_000),
  ).toEqual([]);
  expect(await troublesUntil(() => Promise.resolve(['down']), Date.now())).toEqual(['down']);
});

test('knows every service of the compose files that keeps running', () => {
  const oneShots = ['init', 'migrate'];
  const services = ['docker-compose.yml', 'docker-compose.monitoring.yml']
    .flatMap((file) => {
      const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
      const section = /^services:\n([\s\S]*?)(?=^\S|(?![\s\S]))/m.exec(text)?.[1] ?? '';
      return [...section.matchAll(/^ {2}([a-z-]+):$/gm)].map((match) => match[1]);
    })
    .filter((service) => service !== undefined && !oneShots.includes(service));
  expect(components.map(({ service }) => service).sort()).toEqual(services.sort());
});
