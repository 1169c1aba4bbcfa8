import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { isCardNumber, redact, redactText } from './redact.ts';

const PASSWORD = 'hunter2-Sunny';
const TOKEN = 'q7Jx0aVn3kZ5wRt8yPbLcDfGhSmEuIoN';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuYW1pIn0.c2lnbmF0dXJl';
const CARD = '4111111111111111';
const MAIL = 'nami@sunny.example.com';

const circular: Record<string, unknown> = { password: PASSWORD };
circular.self = circular;

function notJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

const waysIn: [string, unknown][] = [
  ['a field', { password: PASSWORD }],
  ['a field deep inside', { a: { b: [{ c: { userPassword: PASSWORD } }] } }],
  ['another spelling', { PASSWD: PASSWORD, 'pass-phrase': 1, passphrase: PASSWORD }],
  ['a structure under a secret name', { credentials: { user: 'nami', value: PASSWORD } }],
  ['request headers', { headers: { authorization: `Bearer ${TOKEN}`, cookie: `sid=${TOKEN}` } }],
  ['a Headers object', new Headers({ Authorization: `Basic ${TOKEN}`, 'Set-Cookie': TOKEN })],
  ['raw headers', { rawHeaders: ['Host', 'x', 'Authorization', TOKEN, 'Cookie', `sid=${TOKEN}`] }],
  [
    'pairs of headers',
    [
      ['cookie', `sid=${TOKEN}`],
      ['x-api-key', TOKEN],
    ],
  ],
  ['a name beside its value', [{ name: 'X-Auth-Token', value: TOKEN }]],
  ['a map', new Map([['apiKey', TOKEN]])],
  ['a set', new Set([`token=${TOKEN}`])],
  ['search parameters', new URLSearchParams({ access_token: TOKEN })],
  ['a URL object', new URL(`https://nami:${PASSWORD}@sunny.test/?token=${TOKEN}`)],
  ['an error', new Error(`login failed for ${MAIL} with password=${PASSWORD}`)],
  ['the cause of an error', new Error('no', { cause: new Error(`password: ${PASSWORD}`) })],
  ['a field of an error', Object.assign(new Error('no'), { config: { token: TOKEN } })],
  ['an object with toJSON', { toJSON: () => ({ secret: PASSWORD }) }],
  ['a circular structure', circular],
  ['JSON in a string', { body: JSON.stringify({ user: 'nami', password: PASSWORD, n: 1 }) }],
  ['JSON in JSON', JSON.stringify({ body: JSON.stringify({ password: PASSWORD }) })],
  ['a form', `user=nami&password=${PASSWORD}&go=1`],
  ['prose', `the password is ${PASSWORD}`],
  ['a header in prose', `sent Authorization: Bearer ${TOKEN} to the gateway`],
  ['a cookie line', `Cookie: theme=dark; sid=${TOKEN}; other=${TOKEN}\r\nHost: x`],
  ['a web token', `got ${JWT} from there`],
  ['a connection string', `postgres://crows:${PASSWORD}@db:5432/x`],
  ['a mail address', { to: MAIL, note: `mail to <${MAIL}>, please` }],
  ['an encoded mail address', `/users?q=${encodeURIComponent(MAIL)}`],
  ['a mail address as a key', { [MAIL]: 1 }],
  ['a card number', `paid with ${CARD}`],
  ['a card number with blanks', 'paid with 4111 1111 1111 1111.'],
  ['a card number with hyphens', 'paid with 4111-1111-1111-1111.'],
  [
    'a card number beside other numbers',
    'GET 7 /cards/4111111111111111 500, 12 4111 1111 1111 1111 3',
  ],
  ['a card number as a number', { card: Number(CARD), big: BigInt(CARD) }],
  ['binary data', { bytes: Buffer.from(PASSWORD) }],
  [
    'binary data that was JSON',
    { body: JSON.parse(JSON.stringify(Buffer.from(PASSWORD))) as object },
  ],
  ['an inspected map', inspect(new Map([['password', PASSWORD]]))],
  ['an inspected list', inspect(['Authorization', TOKEN])],
  ['an object in JSON', JSON.stringify({ password: { value: PASSWORD }, tokens: [TOKEN] })],
  ['an encoded form', `/login?next=${encodeURIComponent(`/x?password=${PASSWORD}`)}`],
  ['encoded JSON', encodeURIComponent(JSON.stringify({ password: PASSWORD }))],
  ['an error of PostgreSQL', `Key (password)=(${PASSWORD}) already exists.`],
  ['a short name', `pass=${PASSWORD}&sid=${TOKEN}`],
  ['prose without a sign', `refused token ${TOKEN} and password "${PASSWORD}"`],
  ['a path', `/reset-token/${TOKEN}/confirm`],
  ['what a parser quotes of a broken body', notJson(`{"password": ${PASSWORD}}`)],
  ['a mail address in another script', 'mail to nämi@sünny.example, please'],
];

test.each(waysIn)('hides what comes in as %s', (_way, value) => {
  const written = JSON.stringify(redact(value));
  for (const secret of [
    PASSWORD,
    TOKEN,
    JWT,
    CARD,
    MAIL,
    PASSWORD.slice(0, 6),
    JSON.stringify([...Buffer.from(PASSWORD)]).slice(1, -1),
    'sunny.example',
    'sünny',
    'nämi',
    '4111 1111',
    '4111-1111',
  ]) {
    expect(written).not.toContain(secret);
  }
  // Not by writing nothing at all.
  expect(written.length).toBeGreaterThan(2);
});

test('leaves everything else as it is', () => {
  const harmless = {
    path: '/api/characters/42',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    at: 1_795_261_529_201,
    timestamp: '2026-11-21T11:45:29.113Z',
    amount: 4_111_111_111_111_112,
    quantity: 3,
    ok: true,
    none: null,
    message: 'Trade 4111111111111112 filled: 3 at 1200, ratio 0.5',
    release: 'api@1.2.3',
    at_fault: 'node_modules/bullmq@5.1.0/index.js:3:1, passed to compass',
    reason: 'token expired, password reset requested',
    syntax: "Unexpected token '<'",
    list: [1, 'two', { three: 3 }],
  };
  expect(redact(harmless)).toEqual(harmless);
});

test('says whether there was a secret without saying which', () => {
  expect(redact({ password: null, token: true, secret: '' })).toEqual({
    password: null,
    token: true,
    secret: '[REDACTED]',
  });
});

test('keeps the form of a message around what it hides', () => {
  expect(redactText('user=nami&password=abc&go=1')).toBe('user=nami&password=[REDACTED]&go=1');
  expect(redactText('mail to a.b+c@d.example, then go')).toBe('mail to [REDACTED], then go');
});

test('finds nothing more to hide the second time', () => {
  const once = redactText(`password=${PASSWORD}, Cookie: sid=${TOKEN}`);
  expect(redactText(once)).toBe(once);
});

test('survives what cannot be written', () => {
  const hostile = {
    get boom(): never {
      throw new Error('no');
    },
  };
  const deep: unknown = Array.from({ length: 100 }).reduce((inner) => ({ inner }), 'end');
  expect(inspect(redact([hostile, deep, Symbol('x'), () => 1, new Date(NaN)]))).toBeTypeOf(
    'string',
  );
  expect(JSON.stringify(redact(circular))).toContain('[circular]');
});

test.each(['a', 'a.', '1 ', 'password', 'eyJ', '://a:', '"password":\\"', 'a@a.', 'cookie: '])(
  'comes to an end with a million times %j, and cuts it',
  (unit) => {
    // Each is the worst case of one of the patterns; a quadratic one would not end within the test's limit.
    expect(redactText(`=@${unit.repeat(1_000_000)}`).length).toBeLessThan(40_000);
  },
);

test.each([
  ['4111111111111111', true],
  ['5500 0055 5555 5559', true],
  ['378282246310005', true],
  ['4111111111111112', false],
  ['1795261529201', false],
  ['411111111111', false],
])('%s is a card number: %s', (text, expected) => {
  expect(isCardNumber(text)).toBe(expected);
});
