// A service that does everything wrong with secrets that one can, for the test that starts it as a process of its own:
//   node --import @crows-nest/telemetry/register leaks.ts
// It does each of them once, in a trace of its own; when its standard input ends, it dies of an uncaught exception.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import express, { type NextFunction, type Request, type Response } from 'express';
import { captureCarrier, createTelemetry, runWithCarrier, setUser } from '../index.ts';
import { BASIC, CARD, COOKIE, JWT, LOGIN, MAIL, PASSWORD, TOKEN } from './secrets.ts';

const { LOG_DIRECTORY = '', SENTRY_DSN = '', CLOUDWATCH_LOG_GROUP = '' } = process.env;
const telemetry = createTelemetry({
  service: 'leaks',
  version: '1.2.3',
  environment: 'test',
  instance: 'one',
  logLevel: 'debug',
  logDirectory: LOG_DIRECTORY,
  sentryDsn: SENTRY_DSN,
  cloudwatchLogGroup: CLOUDWATCH_LOG_GROUP,
});
const { logger } = telemetry;

const app = express();
app.use(telemetry.http());
app.use(express.json());
app.post('/login', (request) => {
  throw Object.assign(new Error(`cannot log in with ${JSON.stringify(request.body)}`), {
    body: request.body as unknown,
  });
});
app.get('/user', () => {
  setUser(MAIL);
  throw new Error('no');
});
app.use((request: Request) => {
  throw Object.assign(new Error(`nothing at ${request.originalUrl}`), {
    headers: request.headers,
    rawHeaders: request.rawHeaders,
  });
});
app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  telemetry.recordError(response, error);
  if (response.headersSent) next(error);
  else response.status(500).end();
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const log = (fields: object) => () => logger.error('leaking', fields);
const fail = (error: unknown) => () => logger.error('failing', { error });
const post = (body: string) => () =>
  fetch(`${url}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
const inSpan = () => trace.getActiveSpan();

const waysIn: Record<string, () => unknown> = {
  'a message': () => logger.error(`password=${PASSWORD} of ${MAIL}`),
  'a message with %s': () => logger.error('login with password: %s', PASSWORD, { mail: MAIL }),
  'a message with an error': () => logger.error('failed:', new Error(`password=${PASSWORD}`)),
  'an error as the message': () => logger.error(new Error(`password=${PASSWORD}`)),
  'a structure as the message': () => logger.error({ message: { password: PASSWORD } }),
  'a field': log({ password: PASSWORD, cvv: '123' }),
  'a nested field': log({ a: { b: [{ c: { accessToken: TOKEN } }] } }),
  'a list': log({ tried: [`Bearer ${TOKEN}`, CARD, Number(CARD), BigInt(CARD), MAIL] }),
  'a map': log({ map: new Map([['apiKey', TOKEN]]) }),
  'a set': log({ set: new Set([`token=${TOKEN}`]) }),
  Headers: log({ headers: new Headers({ authorization: `Basic ${BASIC}`, cookie: COOKIE }) }),
  'search parameters': log({ query: new URLSearchParams({ password: PASSWORD }) }),
  'a URL': log({ url: new URL(`https://nami:${PASSWORD}@sunny.test/?token=${TOKEN}`) }),
  'a buffer, beside a password': log({ buffer: Buffer.from(PASSWORD), password: PASSWORD }),
  'a connection string': log({ database: LOGIN }),
  toJSON: log({ it: { toJSON: () => ({ secret: PASSWORD }) } }),
  'JSON in a string': log({ body: JSON.stringify({ password: PASSWORD, card: CARD }) }),
  'what inspect shows': log({
    seen: inspect({ password: PASSWORD, map: new Map([['token', TOKEN]]) }),
  }),
  'a web token': log({ text: `got ${JWT} from there` }),
  'a child logger': () => logger.child({ authorization: `Bearer ${TOKEN}` }).error('child'),
  'a warning': () => logger.warn('leaking', { cookie: `sid=${COOKIE}` }),
  'the message of an error': fail(new Error(`cannot connect to ${LOGIN}`)),
  'the cause of an error': fail(new Error('no', { cause: new Error(`password=${PASSWORD}`) })),
  'the stack of an error': fail(Object.assign(new Error('no'), { stack: `Error: ${MAIL}\n at x` })),
  'the name of an error': fail(Object.assign(new Error('no'), { name: `Error of ${MAIL}` })),
  'a field of an error': fail(Object.assign(new Error('no'), { config: { password: PASSWORD } })),
  'a string that was thrown': fail(`password=${PASSWORD}`),
  'a URL that fetch refuses': () =>
    fetch(`http://nami:${PASSWORD}@127.0.0.1`).catch((error: unknown) => fail(error)()),
  'a path': () => fetch(`${url}/users/${MAIL}/cards/${CARD}`),
  'a query string': () => fetch(`${url}/search?q=${encodeURIComponent(MAIL)}&token=${TOKEN}`),
  'request headers': () =>
    fetch(url, {
      headers: {
        authorization: `Bearer ${JWT}`,
        cookie: `theme=dark; sid=${COOKIE}`,
        'x-api-key': TOKEN,
        'user-agent': `bot (+${MAIL})`,
      },
    }),
  'a request body': post(JSON.stringify({ username: 'nami', password: PASSWORD, card: CARD })),
  'a body that is not JSON': post(`{"username": "nami", "password": ${PASSWORD}}`),
  'the id of a user': () => fetch(`${url}/user`),
  'the user of a job': () =>
    runWithCarrier({ ...captureCarrier(), userId: MAIL }, () => {
      logger.error('Job failed', { error: new Error(`cannot write to ${MAIL}`) });
      return Promise.resolve();
    }),
  'an attribute of a span': () =>
    inSpan()?.setAttributes({ password: PASSWORD, note: `for ${MAIL}`, card: Number(CARD) }),
  'a list in a span': () => inSpan()?.setAttribute('tried', [`Bearer ${TOKEN}`, MAIL]),
  'an event of a span': () => inSpan()?.addEvent(`mail to ${MAIL}`, { token: TOKEN }),
  'the name of a span': () => inSpan()?.updateName(`login of ${MAIL}`),
  'an exception on a span': () => inSpan()?.recordException(new Error(`password=${PASSWORD}`)),
  'the status of a span': () =>
    inSpan()?.setStatus({ code: SpanStatusCode.ERROR, message: `password=${PASSWORD}` }),
};

for (const [way, lead] of Object.entries(waysIn)) {
  await telemetry.span('leak', { way }, async () => {
    await lead();
  });
}

process.stdin.resume();
await once(process.stdin, 'end');
await telemetry.span('leak', { way: 'an uncaught exception' }, () => {
  setImmediate(() => {
    throw new Error(`cannot connect to ${LOGIN}`);
  });
  return Promise.resolve();
});
