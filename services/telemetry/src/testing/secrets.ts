/** Secrets for tests, of each kind that must not get out. */
export const PASSWORD = 'hunter2-Sunny';
export const TOKEN = 'q7Jx0aVn3kZ5wRt8yPbLcDfGhSmEuIoN';
export const COOKIE = 'c0Ok1eJar9Xq2LmZ81vB';
export const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuYW1pIn0.c2lnbmF0dXJl';
export const BASIC = 'bmFtaTpodW50ZXIyLVN1bm55';
export const CARD = '4111111111111111';
export const MAIL = 'nami@sunny.example.com';
export const LOGIN = `postgres://nami:${PASSWORD}@db:5432/books`;

/** What would show that one of them got out, if only in part. */
export const TRACES_OF_SECRETS = [
  PASSWORD,
  PASSWORD.slice(0, 6),
  TOKEN,
  COOKIE,
  JWT,
  'eyJzdWIi',
  BASIC,
  CARD,
  '4111 1111',
  '4111-1111',
  'nami@',
  'nami%40',
  'sunny.example',
  JSON.stringify([...Buffer.from(PASSWORD)]).slice(1, -1),
  Buffer.from(PASSWORD).toString('base64'),
];
