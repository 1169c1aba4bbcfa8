import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());

const send = (body: unknown, type = 'application/json') =>
  system.request('POST', '/api/telemetry', {
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const call = (route: string, statusCode = 200) => ({
  kind: 'api',
  route,
  statusCode,
  seconds: 0.2,
});

describe('a batch', () => {
  test('becomes metrics, each thing by its name', async () => {
    const answer = await send({
      items: [
        { kind: 'page', page: '/', phase: 'dns', seconds: 0.01 },
        { kind: 'page', page: '/', phase: 'total', seconds: 1.5 },
        { kind: 'vital', name: 'LCP', value: 2.1 },
        { kind: 'vital', name: 'CLS', value: 0.07 },
        call('/api/trade', 201),
        call('/api/characters/sable-nine/research', 403),
        call('/api/characters/:id/research', 200),
        { kind: 'error' },
      ],
    });
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');

    const metric = (name: string, labels = {}) => system.metric(name, labels);
    expect(await metric('web_page_load_seconds_sum', { page: '/', phase: 'total' })).toBe(1.5);
    expect(await metric('web_vital_seconds_sum', { name: 'LCP' })).toBe(2.1);
    expect(await metric('web_vital_ratio_sum', { name: 'CLS' })).toBe(0.07);
    expect(await metric('web_errors_total')).toBe(1);
    const calls = (route: string, status_code: string) =>
      metric('web_api_call_duration_seconds_count', { route, status_code });
    expect(await calls('/api/trade', '201')).toBe(1);
    expect(await calls('/api/characters/:id/research', '403')).toBe(1);
    expect(await calls('/api/characters/:id/research', '200')).toBe(1);
  });

  test.each(['text/plain', 'text/plain;charset=UTF-8', 'application/json; charset=utf-8'])(
    'may come as %s',
    async (type) => {
      const before = await system.metric('web_errors_total');
      expect((await send({ items: [{ kind: 'error' }] }, type)).status).toBe(204);
      expect(await system.metric('web_errors_total')).toBe(before + 1);
    },
  );

  test.each([
    ['no list', { items: 'many' }, 'items'],
    ['an unknown kind', { items: [{ kind: 'spy' }] }, 'items.0.kind'],
    [
      'an unknown phase',
      { items: [{ kind: 'page', page: '/', phase: 'nap', seconds: 1 }] },
      'items.0.phase',
    ],
    ['negative time', { items: [{ ...call('/'), seconds: -1 }] }, 'items.0.seconds'],
    ['more than 600 s', { items: [{ ...call('/'), seconds: 601 }] }, 'items.0.seconds'],
    ['time as text', { items: [{ ...call('/'), seconds: '1' }] }, 'items.0.seconds'],
    ['a status that is none', { items: [call('/', 99)] }, 'items.0.statusCode'],
    ['words', { items: [{ kind: 'error', message: 'hello' }] }, 'items.0.message'],
    ['51 items', { items: Array(51).fill({ kind: 'error' }) }, 'items'],
  ])('with %s is a 400 that names the field', async (_name, body, field) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ errors: [{ field }] });
  });

  test.each([
    ['as a form', 'items=1', 'application/x-www-form-urlencoded', 415],
    ['of words', 'hello', 'text/plain', 400],
    ['over 100 kB', JSON.stringify({ items: 'x'.repeat(110_000) }), 'text/plain', 413],
  ])('%s is refused', async (_name, body, type, status) => {
    expect((await send(body, type)).status).toBe(status);
  });
});

test('whatever anybody sends, few series come of it', async () => {
  const { json } = await system.request('GET', '/openapi.json');
  const paths = Object.keys((json as { paths: object }).paths).filter(
    (path) => path !== '/api/telemetry',
  );
  const madeUp = [
    '__proto__',
    'constructor',
    ...Array.from({ length: 100 }, (_, n) => `/made/up/${n}`),
  ];
  const statuses = [
    0,
    100,
    599,
    ...[200, 300, 400, 500].flatMap((first) => Array.from({ length: 32 }, (_, n) => first + n)),
  ];
  const calls = [...paths, ...madeUp].flatMap((route) =>
    statuses.map((status) => call(route, status)),
  );
  const pages = Array.from({ length: 1000 }, (_, n) => ({
    kind: 'page',
    page: `/page-${n}`,
    phase: 'dom',
    seconds: 1,
  }));
  const items = [...calls, ...pages];
  const batches = Array.from({ length: Math.ceil(items.length / 50) }, (_, n) =>
    items.slice(n * 50, n * 50 + 50),
  );
  for (let n = 0; n < batches.length; n += 40) {
    const answers = await Promise.all(
      batches.slice(n, n + 40).map((batch) => send({ items: batch })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
  }

  const { text } = await system.request('GET', '/metrics');
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series.length).toBeLessThan(2000);
  expect(text).not.toMatch(/made\/up|page-\d|__proto__|constructor/);
  expect(await system.metric('web_page_load_seconds_count', { page: 'other', phase: 'dom' })).toBe(
    1000,
  );
  // The first eight routes and statuses that were claimed, and all others together.
  const counts = [...text.matchAll(/^web_api_call_duration_seconds_count\{.*\} (\d+)$/gm)];
  expect(counts).toHaveLength(9);
  expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(3 + calls.length);
});
