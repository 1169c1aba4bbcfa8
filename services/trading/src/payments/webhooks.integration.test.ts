import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent, Logger } from '@crows-nest/telemetry';
import { createDatabase, type Database } from '../database.ts';
import { differences } from '../ledger/audit.ts';
import { cents } from '../money.ts';
import { startGateway, type TestGateway } from '../testing/gateway.ts';
import {
  createTestTelemetry,
  GATEWAY_KEY,
  startSystem,
  WEBHOOK_SECRET,
  type Answer,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { createWorkerMetrics } from '../metrics/roles.ts';
import { chargePayment, sweepTask, type ChargeDependencies } from './charge.ts';
import { createGateway, type Outcome } from './gateway.ts';
import type { Payment } from './payment.ts';
import { createSettle } from './settle.ts';

// Without a worker: what comes, and when, is decided here.
let system: TestSystem;
let customer: Customer;
let paymentId: string;
let reference: string;

const START = 1_000_000;
const AMOUNT = 5000;

beforeAll(async () => {
  system = await startSystem();
  system.telemetry.logger.silent = true; // of what is forged
}, 120_000);
afterAll(() => system.close());
beforeEach(async () => {
  customer = await system.register();
  const answer = await system.post(
    '/api/payments/deposits',
    { amount: AMOUNT, card: 'card_good' },
    { authorization: `Bearer ${customer.token}`, 'idempotency-key': randomUUID() },
  );
  paymentId = (answer.json as { payment: { id: string } }).payment.id;
  const [row] = await system.database.sql<{ reference: string }>(
    'SELECT reference FROM payments WHERE id = $1',
    [paymentId],
  );
  reference = String(row?.reference);
});
afterEach(async () => {
  expect(await differences(system.database)).toEqual([]);
});

function event(type: string, changes: object = {}) {
  const [, status] = type.split('.');
  return {
    id: `evt_${randomUUID()}`,
    type,
    createdAt: new Date().toISOString(),
    data: {
      id: 'ch_1',
      kind: 'charge',
      reference,
      amount: AMOUNT,
      status,
      failureCode: status === 'failed' ? 'insufficient_funds' : null,
      ...changes,
    },
  };
}

interface Signing {
  secret?: string;
  /** Seconds. */
  age?: number;
  signature?: string;
}

function send(
  what: object,
  { secret = WEBHOOK_SECRET, age = 0, signature }: Signing = {},
): Promise<Answer> {
  const body = JSON.stringify(what);
  const time = Math.floor(Date.now() / 1000) - age;
  const hmac = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return system.request('POST', '/webhooks/payments', {
    headers: {
      'content-type': 'application/json',
      'gateway-signature': signature ?? `t=${time},v1=${hmac}`,
    },
    body,
  });
}

const cash = async () => ((await customer.get('/api/portfolio')).json as { cash: number }).cash;
const status = async () =>
  ((await customer.get('/api/payments')).json as { payments: { status: string }[] }).payments[0]
    ?.status;

test('webhooks that do not fit are counted from 0, so that the first one is seen as an increase', async () => {
  const { text } = await system.request('GET', '/metrics');
  for (const outcome of ['mismatch', 'unknown']) {
    const settled = ['charge.succeeded', 'charge.failed', 'payout.succeeded', 'payout.failed'];
    for (const type of [...settled, 'other']) {
      expect(text).toContain(`payment_webhooks_total{type="${type}",outcome="${outcome}"} 0`);
    }
  }
  for (const outcome of ['forged', 'stale']) {
    expect(text).toContain(`payment_webhooks_total{type="untrusted",outcome="${outcome}"} 0`);
  }
});

test('the end of a payment works once, however often it is told, and by whichever event', async () => {
  const succeeded = event('charge.succeeded');
  const told = await Promise.all(
    [succeeded, succeeded, succeeded, succeeded].map((each) => send(each)),
  );
  expect(told.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  expect(told.map(({ json }) => (json as { outcome: string }).outcome).sort()).toEqual([
    'duplicate',
    'duplicate',
    'duplicate',
    'settled',
  ]);
  expect((await send(event('charge.succeeded'))).json).toEqual({ outcome: 'settled_before' });
  expect(await cash()).toBe(START + AMOUNT);
});

test('out of order, the end stays the end', async () => {
  expect((await send(event('charge.succeeded'))).json).toEqual({ outcome: 'settled' });
  expect((await send(event('charge.pending'))).json).toEqual({ outcome: 'pending' });
  expect((await send(event('charge.failed'))).json).toEqual({ outcome: 'settled_before' });
  expect(await status()).toBe('succeeded');
  expect(await cash()).toBe(START + AMOUNT);
});

test.each([
  ['another secret', { secret: 'guessed' }, 'forged'],
  ['no signature', { signature: '' }, 'forged'],
  ['half a signature', { signature: 't=1,v1=abc' }, 'forged'],
  ['a signature of five minutes ago', { age: 301 }, 'stale'],
  ['a signature from the future', { age: -330 }, 'stale'],
])('%s changes nothing, and is counted', async (_name, signing: Signing, verdict) => {
  const counted = { type: 'untrusted', outcome: verdict };
  const before = await system.metric('payment_webhooks_total', counted);
  const forged = await system.metric('security_events_total', { type: 'webhook_forged' });

  const answer = await send(event('charge.succeeded'), signing);
  expect(answer).toMatchObject({ status: 400, json: { type: `/problems/webhook-${verdict}` } });
  expect(await status()).toBe('pending');
  expect(await cash()).toBe(START);
  expect(await system.metric('payment_webhooks_total', counted)).toBe(before + 1);
  expect(await system.metric('security_events_total', { type: 'webhook_forged' })).toBe(forged + 1);
});

test('a signature for another body does not fit', async () => {
  const body = JSON.stringify(event('charge.succeeded', { amount: 1 }));
  const time = Math.floor(Date.now() / 1000);
  const hmac = createHmac('sha256', WEBHOOK_SECRET).update(`${time}.${body}`).digest('hex');
  const answer = await send(event('charge.succeeded'), { signature: `t=${time},v1=${hmac}` });
  expect(answer.status).toBe(400);
  expect(await cash()).toBe(START);
});

test('one of four minutes ago is taken', async () => {
  expect((await send(event('charge.succeeded'), { age: 240 })).json).toEqual({
    outcome: 'settled',
  });
});

test('of another amount, or of no payment of ours, nothing is credited', async () => {
  const mismatch = await send(event('charge.succeeded', { amount: AMOUNT * 100 }));
  expect(mismatch).toMatchObject({ status: 200, json: { outcome: 'mismatch' } });
  const unknown = await send(event('charge.succeeded', { reference: 'payment-of-nobody' }));
  expect(unknown).toMatchObject({ status: 200, json: { outcome: 'unknown' } });
  expect(await status()).toBe('pending');
  expect(await cash()).toBe(START);
});

test('what is no event is refused, though it is signed', async () => {
  expect((await send({ hello: 'world' })).status).toBe(400);
});

test('what the sweep hears of another amount is told once, however often it asks', async () => {
  const { telemetry } = system;
  const database = createDatabase({ url: system.config.databaseUrl, poolMax: 5 }, telemetry);
  const told: AuditEvent[] = [];
  const errors: string[] = [];
  const audit = (event: AuditEvent) => told.push(event);
  const logger = { error: (message: string) => errors.push(message) } as unknown as Logger;
  const settle = createSettle({
    database,
    sessions: { changed: () => Promise.resolve() },
    plan: system.config.subscription,
    telemetry: { span: telemetry.span, logger, audit },
    metrics: createWorkerMetrics(createTestTelemetry('worker', system.config).registry),
  });
  let chargeId = 'ch_1';
  const find = ({ reference: asked }: Payment) =>
    Promise.resolve<Outcome>({
      // Those of other tests stay as they are.
      status: asked === reference ? 'succeeded' : 'pending',
      chargeId,
      amount: cents(AMOUNT + 1),
      reason: null,
    });
  const gateway = { find, begin: find };
  const { run } = sweepTask({ database, gateway, settle, telemetry });
  const sweep = async () => {
    await system.database.sql('UPDATE payments SET ask_at = now() WHERE id = $1', [paymentId]);
    await run(new AbortController().signal);
  };
  await sweep();
  await sweep();
  const target = `payment:${paymentId}`;
  const line = {
    action: 'payment.settle',
    outcome: 'failure',
    actor: 'card-gateway',
    target,
    reason: 'another-amount',
  };
  expect(told).toEqual([line]);
  expect(errors).toEqual(['The gateway tells of another amount than was asked for']);
  chargeId = 'ch_2';
  await sweep();
  await sweep();
  expect(told).toEqual([line, line]);
  expect(await status()).toBe('pending');
  await database.close();
});

describe('the job that charges', () => {
  let gateway: TestGateway;
  let database: Database;
  let charging: ChargeDependencies;
  let settled: number;
  beforeEach(async () => {
    const telemetry = createTestTelemetry('worker', system.config);
    gateway = await startGateway({ ...system, url: 'http://127.0.0.1:1' }, telemetry);
    database = createDatabase({ url: system.config.databaseUrl, poolMax: 5 }, telemetry);
    const settle = createSettle({
      database,
      sessions: { changed: () => Promise.resolve() },
      plan: system.config.subscription,
      telemetry,
      metrics: createWorkerMetrics(telemetry.registry),
    });
    settled = 0;
    charging = {
      database,
      gateway: createGateway({ url: gateway.url, key: GATEWAY_KEY }),
      settle: async (...outcome) => {
        const settling = await settle(...outcome);
        if (settling === 'settled') settled++;
        return settling;
      },
      telemetry,
    };
  });
  afterEach(async () => {
    await gateway.close();
    await database.close();
  });

  test('charges once, though it runs five times at once, and again after it was killed before noting anything', async () => {
    await Promise.all(Array.from({ length: 5 }, () => chargePayment(charging, paymentId)));
    const charges = () => gateway.find('charges', reference);
    expect(await charges()).toHaveLength(1);
    // No webhook reaches us, and nothing was noted; the next run finds the charge as it is by then.
    await expect.poll(charges).toMatchObject([{ status: 'succeeded' }]);
    await Promise.all(Array.from({ length: 5 }, () => chargePayment(charging, paymentId)));
    await chargePayment(charging, paymentId);
    expect(await charges()).toHaveLength(1);
    expect(settled).toBe(1);
    expect(await cash()).toBe(START + AMOUNT);
  });

  test('leaves a payment alone that is settled', async () => {
    await send(event('charge.failed'));
    await chargePayment(charging, paymentId);
    expect(await gateway.find('charges', reference)).toEqual([]);
  });

  test('and a gateway that does not let us in, leave the payment pending', async () => {
    const locked = createGateway({ url: gateway.url, key: 'wrong' });
    await expect(chargePayment({ ...charging, gateway: locked }, paymentId)).rejects.toThrow('401');
    expect(await status()).toBe('pending');
  });
});
