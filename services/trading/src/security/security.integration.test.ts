import { get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
// Telemetry's own means of looking at lines.
import { readLines, temporaryDirectory } from '../../../telemetry/src/testing/lines.ts';
import { eventually } from '../testing/eventually.ts';
import { connectStream } from '../testing/stream.ts';
import { startSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let logs: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  logs = await temporaryDirectory();
  system = await startSystem({ LOG_LEVEL: 'warn', LOG_DIRECTORY: logs.path });
}, 120_000);
afterAll(async () => {
  await system.close();
  await logs[Symbol.asyncDispose]();
});

const counted = (type: string) => system.metric('security_events_total', { type });
const events = async (address: string) =>
  (await readLines(join(logs.path, `api-${system.config.instance}.log`))).filter(
    (line) => line.message === 'Security event' && line['address'] === address,
  );

/** Sends the path as it is; fetch would resolve `..` in it. */
function statusOf(path: string, address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-forwarded-for': address };
    get(system.url, { path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

test('a probe is counted and logged with its address, and answered as if it were none', async () => {
  const before = [await counted('directory_traversal'), await counted('sql_injection_probe')];
  expect(await statusOf('/../../etc/passwd', '203.0.113.1')).toBe(404);
  expect(await statusOf('/api/portfolio?file=%2e%2e/secret', '203.0.113.1')).toBe(401);
  expect(await statusOf("/openapi.json?q='%20or%201=1", '203.0.113.2')).toBe(200);
  expect(await statusOf('/openapi.json?q=harmless', '203.0.113.3')).toBe(200);
  expect(await counted('directory_traversal')).toBe((before[0] ?? 0) + 2);
  expect(await counted('sql_injection_probe')).toBe((before[1] ?? 0) + 1);

  await eventually(() => events('203.0.113.1')).toMatchObject([
    { level: 'warn', type: 'directory_traversal', path: '/../../etc/passwd' },
    { level: 'warn', type: 'directory_traversal', path: '/api/portfolio' },
  ]);
  await eventually(() => events('203.0.113.2')).toMatchObject([{ type: 'sql_injection_probe' }]);
  expect(await events('203.0.113.3')).toEqual([]);
});

test('a malformed bearer token counts as forged, with its address; one that nobody has does not', async () => {
  const address = '203.0.113.4';
  const ask = (authorization: string) =>
    system.request('GET', '/auth/me', { headers: { authorization, 'x-forwarded-for': address } });
  const before = await counted('token_forged');
  for (const token of [
    '',
    'short',
    `${'a'.repeat(43)} ${'b'.repeat(43)}`,
    'eyJhbGciOiJub25lIn0.e30.',
  ]) {
    expect((await ask(`Bearer ${token}`)).status).toBe(401);
  }
  await ask(`Bearer ${'a'.repeat(43)}`);
  await ask('Basic bWlyYTpzZWNyZXQ=');
  const stream = await connectStream(system.url, { 'x-forwarded-for': address });
  stream.say({ type: 'authenticate', token: 'malformed' });
  await stream.closed;
  expect(await counted('token_forged')).toBe(before + 5);
  await eventually(async () => (await events(address)).length).toBe(5);
});
