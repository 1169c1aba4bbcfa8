import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHARACTER, startSystem, type Customer, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  await system.quote();
  customer = await system.register();
}, 120_000);
afterAll(() => system.close());

const order = { characterId: CHARACTER, action: 'buy', quantity: 1 };
const json = { 'content-type': 'application/json' };
const long = 'x'.repeat(110_000);
const deep = '['.repeat(40_000) + ']'.repeat(40_000);
const person = {
  username: 'somebody',
  email: 'somebody@example.com',
  password: 'long enough for all',
};

/** Sends bytes as they are, and gives the answer: a problem, in the form that all problems have. */
async function problemOf(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
) {
  const answer = await system.request(method, path, {
    headers,
    ...(body === undefined ? {} : { body }),
  });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.json).toMatchObject({
    type: expect.stringMatching(/^\/problems\/[a-z-]+$/) as string,
    title: expect.any(String) as string,
    status: answer.status,
    detail: expect.any(String) as string,
    instance: path.split('?')[0],
    requestId: answer.headers.get('x-request-id'),
  });
  const { errors } = answer.json as { errors?: { field: string }[] };
  return {
    status: answer.status,
    fields: errors?.map(({ field }) => field),
    headers: answer.headers,
  };
}

describe('an order', () => {
  const send = (body: string | Uint8Array | undefined, headers: Record<string, string> = {}) =>
    problemOf(
      'POST',
      '/api/trade',
      {
        ...json,
        authorization: `Bearer ${customer.token}`,
        'idempotency-key': crypto.randomUUID(),
        ...headers,
      },
      body,
    );

  test.each([
    ['quantity 0', { ...order, quantity: 0 }, 'quantity'],
    ['a negative quantity', { ...order, quantity: -1 }, 'quantity'],
    ['half a share', { ...order, quantity: 1.5 }, 'quantity'],
    ['more than a million', { ...order, quantity: 1_000_001 }, 'quantity'],
    ['more than 2^53', { ...order, quantity: 2 ** 60 }, 'quantity'],
    ['a quantity as text', { ...order, quantity: '1' }, 'quantity'],
    ['a quantity of null', { ...order, quantity: null }, 'quantity'],
    ['no quantity', { characterId: CHARACTER, action: 'buy' }, 'quantity'],
    ['an unknown action', { ...order, action: 'steal' }, 'action'],
    ['a character id with NUL', { ...order, characterId: 'a\u0000b' }, 'characterId'],
    ['a character id with a lone surrogate', { ...order, characterId: '\ud800' }, 'characterId'],
    ['an unknown field', { ...order, price: 1 }, 'price'],
    ['an array', [order], 'body'],
  ])('with %s is a 400 that names the field', async (_name, body, field) => {
    expect(await send(JSON.stringify(body))).toMatchObject({ status: 400, fields: [field] });
  });

  test.each([
    [
      'a number too large for a double',
      `{"characterId":"${CHARACTER}","action":"buy","quantity":1e999}`,
    ],
    [
      '__proto__',
      `{"__proto__":{"quantity":1},"characterId":"${CHARACTER}","action":"buy","quantity":1}`,
    ],
    ['40,000 arrays in one another', deep],
    ['no JSON at all', '{"characterId":'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['a bare string', '"buy"'],
    ['null', 'null'],
    ['nothing', undefined],
  ])('of %s is a 400', async (_name, body) => {
    expect(await send(body)).toMatchObject({ status: 400 });
  });

  test.each([
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['an unknown charset', 'application/json; charset=klingon'],
    ['a type that is none', 'nonsense'],
  ])('sent as %s is a 415', async (_name, type) => {
    expect(await send(JSON.stringify(order), { 'content-type': type })).toMatchObject({
      status: 415,
    });
  });

  test('that is compressed is a 415', async () => {
    expect(await send(JSON.stringify(order), { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
    });
  });

  test('over 100 kB is a 413', async () => {
    expect(await send(JSON.stringify({ ...order, note: long }))).toMatchObject({ status: 413 });
  });

  test.each([
    ['no key', {}],
    ['an empty key', { 'idempotency-key': '' }],
    ['a key with a space', { 'idempotency-key': 'a b' }],
    ['a key of 129 characters', { 'idempotency-key': 'k'.repeat(129) }],
  ])('with %s is a 400 that names the header', async (_name, headers) => {
    const authorization = `Bearer ${customer.token}`;
    const answer = await problemOf(
      'POST',
      '/api/trade',
      { ...json, authorization, ...headers },
      JSON.stringify(order),
    );
    expect(answer).toMatchObject({ status: 400, fields: ['Idempotency-Key'] });
  });

  test('of a character that does not exist is a 404, again too', async () => {
    const unknown = { ...order, characterId: 'nobody-at-all' };
    const first = await customer.trade(unknown, 'unknown');
    const again = await customer.trade(unknown, 'unknown');
    expect(first.status).toBe(404);
    expect(first.json).toMatchObject({ type: '/problems/unknown-character' });
    expect(again.text).toBe(first.text);
  });
});

describe('a request without a valid token is a 401', () => {
  test.each([
    ['none', {}],
    ['an empty one', { authorization: '' }],
    ['another scheme', { authorization: 'Basic bWlyYTpzZWNyZXQ=' }],
    ['no token', { authorization: 'Bearer' }],
    ['two tokens', { authorization: `Bearer ${'a'.repeat(43)} ${'b'.repeat(43)}` }],
    ['one that nobody has', { authorization: `Bearer ${'a'.repeat(43)}` }],
    ['one of 50,000 characters', { authorization: `Bearer ${'a'.repeat(10_000)}` }],
    ['one with bytes beyond ASCII', { authorization: 'Bearer \u00e4\u00f6\u00fc' }],
  ])('%s', async (_name, headers: Record<string, string>) => {
    for (const path of ['/api/characters', '/api/portfolio', '/auth/me']) {
      const answer = await problemOf('GET', path, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });
});

describe('registering', () => {
  const send = (body: unknown) => problemOf('POST', '/auth/register', json, JSON.stringify(body));
  beforeAll(() => system.register('taken-name'));

  test.each([
    ['a name of two letters', { ...person, username: 'ab' }, 'username'],
    ['a name with a space', { ...person, username: 'some body' }, 'username'],
    ['a name with NUL', { ...person, username: 'some\u0000body' }, 'username'],
    ['a name that is an object', { ...person, username: { $ne: null } }, 'username'],
    ['an address without @', { ...person, email: 'somebody' }, 'email'],
    ['an address with NUL', { ...person, email: 'a\u0000@example.com' }, 'email'],
    [
      'an address of 300 characters',
      { ...person, email: `${'a'.repeat(300)}@example.com` },
      'email',
    ],
    ['a short password', { ...person, password: 'short' }, 'password'],
    ['a password of 201 characters', { ...person, password: 'x'.repeat(201) }, 'password'],
    ['a password with a lone surrogate', { ...person, password: 'long enough \ud800' }, 'password'],
    ['a short password with a lone surrogate', { ...person, password: '\ud800' }, 'password'],
    ['a wish to be admin', { ...person, admin: true }, 'admin'],
  ])('with %s is a 400 that names the field', async (_name, body, field) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(answer.fields).toEqual([field]);
  });

  test.each([
    ['username', { username: 'TAKEN-NAME', email: 'free@example.com' }],
    ['email', { username: 'free-name', email: 'Taken-Name@Example.com' }],
  ])(
    'with a %s that somebody has, in whatever case, is a 409 that names it',
    async (field, who) => {
      const answer = await send({ ...who, password: person.password });
      expect(answer.status).toBe(409);
      expect(answer.fields).toEqual([field]);
    },
  );

  test('says nothing of the password that was sent', async () => {
    const { text } = await system.post('/auth/register', { ...person, password: 'geheim' });
    expect(text).not.toContain('geheim');
  });
});

describe('paths and methods', () => {
  test.each([
    ['GET', '/nowhere', 404],
    ['GET', '/api/characters/../../etc/passwd', 404],
    ['GET', '/%E0%A4%A', 404],
    ['GET', '/api/%00', 404],
    ['DELETE', '/api/trade', 405],
    ['GET', '/auth/login', 405],
    ['POST', '/api/portfolio', 405],
    ['PUT', '/auth/me', 405],
  ])('%s %s is a %i', async (method, path, status) => {
    const answer = await system.request(method, path, {});
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ status });
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/);
  });

  test('a key that comes twice in the query changes nothing', async () => {
    const answer = await customer.get('/api/portfolio?a=1&a=2&a[]=3&__proto__[x]=1&%=');
    expect(answer.status).toBe(200);
  });

  test('answers carry security headers, and say nothing of what they were made with', async () => {
    const { headers } = await customer.get('/api/portfolio');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

test('after all this not one answer was a 5xx', async () => {
  const { text } = await system.request('GET', '/metrics');
  expect(text.match(/^http_requests_total\{.*status_code="5\d\d".*$/gm)).toBeNull();
});
