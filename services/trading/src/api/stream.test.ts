import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unavailable } from '../problem.ts';
import { eventually } from '../testing/eventually.ts';
import { endpoint, mount } from './endpoint.ts';
import { problems } from './problems.ts';

const PARTS = 64;
const PART = 'x'.repeat(1_000_000);

/** What the endpoint makes; how much it has made, and whether it has been told to stop. */
let parts: () => AsyncGenerator<string>;
let made: number;
let ended: boolean;

let server: Server;
let url: string;
beforeEach(async () => {
  made = 0;
  ended = false;
  const app = express();
  const long = endpoint(
    {
      method: 'get',
      path: '/long',
      operationId: 'long',
      tag: 'Test',
      summary: 'A long answer',
      answers: { 200: { description: 'Long' } },
    },
    () => Promise.resolve({ status: 200, parts: parts(), headers: { 'X-Long': 'yes' } }),
  );
  mount(app, [long], () => Promise.reject(new Error('Nobody is asked')));
  app.use(problems({ recordError: () => undefined }));
  // Express prints what it can tell nobody.
  app.set('env', 'test');
  server = createServer(app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/long`;
});
afterEach(async () => {
  server.closeAllConnections();
  await once(server.close(), 'close');
});

async function* all() {
  try {
    for (; made < PARTS; made += 1) yield await Promise.resolve(PART);
  } finally {
    ended = true;
  }
}

const open = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(url, resolve).on('error', reject);
  });

test('a long answer is made as fast as it is taken, and comes whole', async () => {
  parts = all;
  const answer = await open();
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/json/) as string,
    'x-long': 'yes',
  });
  // Without waiting for the caller all would have been made before the caller hears of it.
  expect(made).toBeLessThan(PARTS / 2);

  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(PARTS * PART.length);
  expect(made).toBe(PARTS);
});

test('no more of it is made for a caller who has left', async () => {
  parts = all;
  const answer = await open();
  answer.destroy();
  await eventually(() => ended).toBe(true);
  expect(made).toBeLessThan(PARTS);
});

test('what fails before the first part is a problem; later the answer is cut off, so that nobody takes a part for the whole', async () => {
  parts = async function* () {
    yield* [];
    await Promise.reject(unavailable('away', 'Not now.', 1));
  };
  expect((await fetch(url)).status).toBe(503);

  parts = async function* () {
    yield 'the first part';
    await Promise.reject(new Error('The rest is lost'));
  };
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});
