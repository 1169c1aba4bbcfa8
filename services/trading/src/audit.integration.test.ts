import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
// Telemetry's own means of looking at lines.
import { verifyDirectory } from '../../telemetry/src/audit/verify.ts';
import { type Line, readLines, temporaryDirectory } from '../../telemetry/src/testing/lines.ts';
import { createClosing } from './lifecycle.ts';
import { eventually } from './testing/eventually.ts';
import { startGateway } from './testing/gateway.ts';
import {
  createTestTelemetry,
  DELIVERY_TOKEN,
  PASSWORD,
  startSystem,
  testConfig,
  WEBHOOK_SECRET,
  type Customer,
  type TestSystem,
} from './testing/system.ts';
import { composeWorker } from './worker/compose.ts';

/** What the audit stream tells: the API's, and the worker's. */

let system: TestSystem;
let logs: Awaited<ReturnType<typeof temporaryDirectory>>;
let stop: () => Promise<void>;
let address: string;
let customer: Customer;
beforeAll(async () => {
  logs = await temporaryDirectory();
  system = await startSystem({ LOG_DIRECTORY: logs.path, FAULTS: 'on' });
  const outside = createTestTelemetry('outside', testConfig(system.database));
  const gateway = await startGateway(system, outside);
  const config = testConfig(system.database, {
    LOG_DIRECTORY: logs.path,
    GATEWAY_URL: gateway.url,
  });
  const telemetry = createTestTelemetry('worker', config);
  const closing = createClosing(telemetry.logger);
  await composeWorker(config, telemetry, closing);
  stop = async () => {
    await closing.closeAll();
    await telemetry.close();
    await gateway.close();
    await outside.close();
    await system.close();
  };
}, 120_000);
afterAll(async () => {
  await stop();
  const verdicts = await verifyDirectory(logs.path);
  expect(verdicts.map(({ wrong, torn }) => [...wrong, ...torn])).toEqual([[], []]);
  await logs[Symbol.asyncDispose]();
});
let tests = 0;
beforeEach(async () => {
  tests += 1;
  address = `203.0.113.${tests}`;
  customer = await system.register();
});

const linesOf = (service: string): Promise<Line[]> =>
  readLines(join(logs.path, `${service}-${system.config.instance}.audit.log`));
/** What a line says beyond the usual fields. */
const event = ({ action, outcome, actor, target, reason }: Line) =>
  JSON.parse(JSON.stringify({ action, outcome, actor, target, reason })) as object;
/** The events of this test's address. */
const events = async () =>
  (await linesOf('api')).filter((line) => line['address'] === address).map(event);
/** The events of any service that are about this. */
const eventsAbout = async (target: string) =>
  (await Promise.all(['api', 'worker'].map(linesOf)))
    .flat()
    .filter((line) => line['target'] === target)
    .map(event);

const from = () => ({ 'x-forwarded-for': address });
const authorized = ({ token }: Customer) => ({ ...from(), authorization: `Bearer ${token}` });
const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  system.request(method, path, {
    headers: {
      ...authorized(customer),
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const login = (username: string, password: string) =>
  system.post('/auth/login', { username, password }, from());

describe('authentication', () => {
  test('tells who registered, or why nobody did', async () => {
    const username = `new-${randomUUID().slice(0, 8)}`;
    const person = { username, email: `${username}@example.com`, password: PASSWORD };
    const answer = await system.post('/auth/register', person, from());
    const { user } = answer.json as { user: { id: string } };
    await system.post('/auth/register', person, from());
    await system.post('/auth/register', { ...person, username: `${username}-2` }, from());
    const action = 'auth.register';
    await eventually(events).toEqual([
      { action, outcome: 'success', actor: user.id },
      { action, outcome: 'failure', reason: 'username-taken' },
      { action, outcome: 'failure', reason: 'email-taken' },
    ]);
  });

  test('tells who logged in, who failed and why, and who logged out, with the ids of the request', async () => {
    const { id, username } = customer;
    const typed = 'a-password-in-the-wrong-field';
    const answer = await login(username, PASSWORD);
    await login(username, 'wrong');
    await login(typed, PASSWORD);
    await login(`${username}@example.com`, PASSWORD);
    await ask('POST', '/auth/logout');
    const action = 'auth.login';
    await eventually(events).toEqual([
      { action, outcome: 'success', actor: id },
      { action, outcome: 'failure', actor: id, reason: 'wrong-password' },
      { action, outcome: 'failure', reason: 'unknown-user' },
      { action, outcome: 'failure', reason: 'unknown-user' },
      { action: 'auth.logout', outcome: 'success', actor: id },
    ]);
    const lines = await linesOf('api');
    expect(lines.map(({ requestId }) => requestId)).toContain(answer.headers.get('x-request-id'));
    const text = JSON.stringify(lines);
    for (const secret of [typed, PASSWORD, username, '@']) expect(text).not.toContain(secret);
  });

  test('tells of the lock, once, and of what is refused for it', async () => {
    const { id, username } = customer;
    for (let failure = 0; failure < 10; failure += 1) await login(username, 'wrong');
    expect((await login(username, PASSWORD)).status).toBe(429);
    const action = 'auth.login';
    const failed = { action, outcome: 'failure', actor: id, reason: 'wrong-password' };
    await eventually(events).toEqual([
      ...Array<object>(10).fill(failed),
      {
        action: 'auth.lock',
        outcome: 'success',
        target: `user:${id}`,
        reason: 'too-many-failed-logins',
      },
      { action, outcome: 'failure', reason: 'account-locked' },
    ]);
  });
});

test('access to data: who took out an export or a statement', async () => {
  const today = new Date().toISOString().slice(0, 10);
  await ask('GET', '/api/me/export');
  await ask('HEAD', '/api/me/export');
  await ask('GET', `/api/statements/${today}`);
  await eventually(events).toEqual([
    { action: 'data.export', outcome: 'success', actor: customer.id },
    {
      action: 'data.statement',
      outcome: 'success',
      actor: customer.id,
      target: `statement:${today}`,
    },
  ]);
});

describe('payments', () => {
  const deposit = (card: string, key: string) =>
    ask('POST', '/api/payments/deposits', { amount: 5000, card }, { 'idempotency-key': key });
  const idOf = (json: unknown) => (json as { payment: { id: string } }).payment.id;

  /** The gateway, or somebody who plays it, tells that a charge succeeded. @param age seconds */
  const webhook = (
    charge: { reference: string; amount: number },
    secret = WEBHOOK_SECRET,
    age = 0,
  ) => {
    const data = { id: 'ch_1', kind: 'charge', status: 'succeeded', failureCode: null, ...charge };
    const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'charge.succeeded', data });
    const time = Math.floor(Date.now() / 1000) - age;
    const hmac = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    const signature = { 'gateway-signature': `t=${time},v1=${hmac}` };
    return system.request('POST', '/webhooks/payments', {
      headers: { ...from(), 'content-type': 'application/json', ...signature },
      body,
    });
  };

  test('are told when asked for, once a key, and when settled', async () => {
    const key = randomUUID();
    const target = `payment:${idOf((await deposit('card_good', key)).json)}`;
    await deposit('card_good', key);
    const asked = { action: 'payment.deposit', outcome: 'success', actor: customer.id, target };
    await eventually(events).toEqual([asked]);
    await eventually(() => eventsAbout(target)).toEqual([
      asked,
      { action: 'payment.settle', outcome: 'success', actor: 'card-gateway', target },
    ]);
  });

  test('are told when the card is declined, and when they are refused', async () => {
    const target = `payment:${idOf((await deposit('card_declined', randomUUID())).json)}`;
    const reason = 'insufficient_funds';
    await eventually(() => eventsAbout(target)).toContainEqual({
      action: 'payment.settle',
      outcome: 'failure',
      actor: 'card-gateway',
      target,
      reason,
    });
    await ask('POST', '/api/payments/withdrawals', { amount: 900_000_000, card: 'card_good' });
    await eventually(events).toContainEqual({
      action: 'payment.withdrawal',
      outcome: 'failure',
      actor: customer.id,
      reason: 'insufficient-funds',
    });
  });

  test('a gateway that tells of another amount than was asked for is told', async () => {
    const id = idOf((await deposit('card_hangs', randomUUID())).json);
    const [payment] = await system.database.sql<{ reference: string }>(
      'SELECT reference FROM payments WHERE id = $1',
      [id],
    );
    await webhook({ reference: String(payment?.reference), amount: 5001 });
    const target = `payment:${id}`;
    await eventually(() => eventsAbout(target)).toContainEqual({
      action: 'payment.settle',
      outcome: 'failure',
      actor: 'card-gateway',
      target,
      reason: 'another-amount',
    });
  });

  test('a webhook that is forged is told with its address', async () => {
    const payment = { reference: 'payment-of-nobody', amount: 1 };
    expect((await webhook(payment, 'guessed')).status).toBe(400);
    expect((await webhook(payment, WEBHOOK_SECRET, 301)).status).toBe(400);
    expect((await webhook(payment)).status).toBe(200);
    await eventually(events).toEqual([
      { action: 'payment.webhook', outcome: 'failure', reason: 'forged' },
      { action: 'payment.webhook', outcome: 'failure', reason: 'stale' },
    ]);
  });

  test('a subscription is told when begun, refused, cancelled, renewed and ended', async () => {
    const actor = customer.id;
    const due = () =>
      system.database.sql(
        'UPDATE subscriptions SET due_at = now() WHERE user_id = $1 AND due_at IS NOT NULL RETURNING 1',
        [actor],
      );
    await ask('POST', '/api/subscription', { card: 'card_good' });
    // When it is paid it falls due again.
    await eventually(async () => (await due()).length).toBe(1);
    const target = `user:${actor}`;
    const renewed = { action: 'subscription.renew', outcome: 'success', actor: 'worker', target };
    await eventually(() => eventsAbout(target)).toEqual([renewed]);
    await eventually(async () => {
      const { json } = await customer.get('/api/subscription');
      return (json as { subscription: { nextChargeAt: string | null } }).subscription.nextChargeAt;
    }).not.toBeNull();
    await ask('POST', '/api/subscription', { card: 'card_good' });
    await ask('DELETE', '/api/subscription');
    await due();
    await eventually(() => eventsAbout(target)).toEqual([
      renewed,
      { ...renewed, action: 'subscription.end' },
    ]);
    await eventually(events).toEqual([
      { action: 'subscription.start', outcome: 'success', actor },
      {
        action: 'subscription.start',
        outcome: 'failure',
        actor,
        reason: 'already-subscribed',
      },
      { action: 'subscription.cancel', outcome: 'success', actor },
    ]);
  });
});

describe('administration', () => {
  const bearer = { authorization: `Bearer ${DELIVERY_TOKEN}` };

  test('tells of deployments, once each, and of who has the wrong token', async () => {
    const report = {
      id: randomUUID(),
      environment: 'test',
      revision: 'ba5eba11',
      outcome: 'succeeded',
      committedAt: new Date(Date.now() - 3_600_000).toISOString(),
    };
    await ask('POST', '/deployments', report, bearer);
    await ask('POST', '/deployments', report, bearer);
    await ask('POST', '/deployments', { ...report, revision: 'f005ba11' }, bearer);
    await ask('POST', '/deployments', report, { authorization: 'Bearer guessed' });
    const target = `deployment:${report.id}`;
    const reported = { action: 'deployment.report', actor: 'delivery-token', target };
    await eventually(events).toEqual([
      { ...reported, outcome: 'success' },
      { ...reported, outcome: 'failure', reason: 'deployment-id-taken' },
      {
        action: 'delivery.token',
        outcome: 'failure',
        target: '/deployments',
        reason: 'wrong-token',
      },
    ]);
  });

  test('tells of incidents when they begin and end', async () => {
    const startsAt = new Date(Date.now() - 60_000).toISOString();
    const labels = { alertname: 'ServiceDown', severity: 'critical', service: 'api' };
    const notify = (status: string, endsAt: string) =>
      ask(
        'POST',
        '/webhooks/alertmanager',
        {
          version: '4',
          alerts: [{ status, fingerprint: 'c8a1f3e2d4b59607', labels, startsAt, endsAt }],
        },
        bearer,
      );
    await notify('firing', '0001-01-01T00:00:00Z');
    await notify('firing', '0001-01-01T00:00:00Z');
    await notify('resolved', new Date().toISOString());
    const reported = {
      action: 'incident.report',
      outcome: 'success',
      actor: 'delivery-token',
      target: 'alerts:ServiceDown',
    };
    await eventually(events).toEqual([
      { ...reported, reason: '1 opened, 0 resolved' },
      { ...reported, reason: '0 opened, 1 resolved' },
    ]);
  });

  test('tells of faults that somebody began and ended', async () => {
    await eventually(async () => (await ask('DELETE', '/faults')).status).toBe(204);
    await ask('PUT', '/faults/market-stall', { seconds: 60 });
    await ask('PUT', '/faults/market-stall', { seconds: 0 });
    await ask('DELETE', '/faults/market-stall');
    const target = 'fault:market-stall';
    await eventually(events).toEqual([
      { action: 'fault.end', outcome: 'success', target: 'faults' },
      { action: 'fault.begin', outcome: 'success', target },
      { action: 'fault.end', outcome: 'success', target },
    ]);
  });

  test('tells of an erasure, and why there was none', async () => {
    const event = { action: 'customer.erase', actor: customer.id };
    await ask('DELETE', '/api/me', { password: 'wrong' });
    await system.database.sql(
      "INSERT INTO payments (user_id, kind, amount, card, ask_at) VALUES ($1, 'deposit', 500, 'card_good', 'infinity')",
      [customer.id],
    );
    await ask('DELETE', '/api/me', { password: PASSWORD });
    await system.database.sql(
      "UPDATE payments SET status = 'failed', reason = 'insufficient_funds' WHERE user_id = $1",
      [customer.id],
    );
    await ask('DELETE', '/api/me', { password: PASSWORD });
    await eventually(events).toEqual([
      { ...event, outcome: 'failure', reason: 'wrong-password' },
      { ...event, outcome: 'failure', reason: 'payments-pending' },
      { ...event, outcome: 'success' },
    ]);
  });
});
