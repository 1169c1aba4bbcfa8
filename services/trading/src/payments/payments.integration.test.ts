import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
import { traceInMemory } from '../../../telemetry/src/testing/tracing.ts';
import { differences, ledgerImbalance } from '../ledger/audit.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { eventually } from '../testing/eventually.ts';
import { startGateway, type TestGateway } from '../testing/gateway.ts';
import {
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  type Answer,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';
import type { PaymentView } from './payment.ts';

let system: TestSystem;
let outside: Telemetry;
let gateway: TestGateway;
let telemetry: Telemetry;
let closing: Closing;
let worker: { port: number };
let customer: Customer;

async function startWorker(): Promise<void> {
  const config = testConfig(system.database, { GATEWAY_URL: gateway.url });
  telemetry = createTestTelemetry('worker', config);
  telemetry.logger.silent = true; // of a gateway that hangs and fails
  closing = createClosing(telemetry.logger);
  worker = await composeWorker(config, telemetry, closing);
}

async function stopWorker(): Promise<void> {
  await closing.closeAll();
  await telemetry.close();
}

beforeAll(async () => {
  system = await startSystem();
  outside = createTestTelemetry('outside', system.config);
  gateway = await startGateway(system, outside);
  await startWorker();
}, 120_000);
afterAll(async () => {
  await stopWorker();
  await gateway.close();
  await outside.close();
  await system.close();
});
beforeEach(async () => {
  customer = await system.register();
});
afterEach(async () => {
  await eventually(pending).toBe(0);
  expect(await differences(system.database)).toEqual([]);
});

const START = 1_000_000;
const sql = <Row extends object>(text: string, values?: unknown[]) =>
  system.database.sql<Row & Record<string, unknown>>(text, values);

async function pending(): Promise<number> {
  const rows = await sql("SELECT FROM payments WHERE status = 'pending' AND user_id = $1", [
    customer.id,
  ]);
  return rows.length;
}

function ask(
  kind: 'deposits' | 'withdrawals',
  amount: number,
  card = 'card_good',
  key: string = randomUUID(),
): Promise<Answer> {
  const headers = { authorization: `Bearer ${customer.token}`, 'idempotency-key': key };
  return system.post(`/api/payments/${kind}`, { amount, card }, headers);
}

const paymentOf = ({ json }: Answer) => (json as { payment: PaymentView }).payment;

async function cash(): Promise<number> {
  return ((await customer.get('/api/portfolio')).json as { cash: number }).cash;
}

async function payments(): Promise<PaymentView[]> {
  return ((await customer.get('/api/payments')).json as { payments: PaymentView[] }).payments;
}

/** What came of a customer's payments, by card. */
async function outcomes(): Promise<Record<string, string>> {
  const all = await payments();
  return Object.fromEntries(all.map(({ card, status, reason }) => [card, reason ?? status]));
}

/** Lets the worker ask at once about what no webhook tells of. */
async function hasten(): Promise<void> {
  await sql("UPDATE payments SET ask_at = now() WHERE status = 'pending'");
}

async function chargesOf(payment: PaymentView): Promise<{ status: string }[]> {
  const [row] = await sql<{ reference: string }>('SELECT reference FROM payments WHERE id = $1', [
    payment.id,
  ]);
  return gateway.find(
    payment.kind === 'withdrawal' ? 'payouts' : 'charges',
    String(row?.reference),
  );
}

/** Summed over API and worker: either may have settled a payment. */
async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
  return metricIn(text, name, labels) + (await system.metric(name, labels));
}

const CARDS = {
  card_good: 'succeeded',
  card_declined: 'insufficient_funds',
  card_expired: 'expired_card',
  card_declined_once: 'insufficient_funds',
  card_slow: 'succeeded',
  card_webhook_lost: 'succeeded',
  card_webhook_twice: 'succeeded',
  card_webhook_late: 'succeeded',
  card_out_of_order: 'succeeded',
  card_hangs: 'succeeded',
  card_error: 'succeeded',
  card_nobody_knows: 'card_unknown',
};

describe('whatever a card does, the money ends where it belongs', () => {
  test('of a deposit: with the customer if it succeeds, and nowhere if not', async () => {
    for (const card of Object.keys(CARDS)) {
      const answer = await ask('deposits', 1000, card);
      expect(answer.status).toBe(202);
      expect(paymentOf(answer)).toMatchObject({ card, amount: 1000, status: 'pending' });
    }
    await eventually(async () => {
      await sql(
        "UPDATE payments SET ask_at = now() WHERE card = 'card_webhook_lost' AND status = 'pending'",
      );
      return outcomes();
    }).toEqual(CARDS);
    const succeeded = Object.values(CARDS).filter((outcome) => outcome === 'succeeded').length;
    expect(await cash()).toBe(START + 1000 * succeeded);
    for (const payment of await payments()) {
      expect(await chargesOf(payment)).toHaveLength(payment.card === 'card_nobody_knows' ? 0 : 1);
    }
  });

  test('of a withdrawal: with the card if it succeeds, and back with the customer if not', async () => {
    const cards = Object.keys(CARDS).map((card) => `${card}-w`);
    for (const card of cards) await ask('withdrawals', 1000, card);
    expect(await cash()).toBeLessThanOrEqual(START - 1000);
    await eventually(async () => {
      await sql(
        "UPDATE payments SET ask_at = now() WHERE card = 'card_webhook_lost-w' AND status = 'pending'",
      );
      return Object.values(await outcomes()).sort();
    }).toEqual(Object.values(CARDS).sort());
    const succeeded = Object.values(CARDS).filter((outcome) => outcome === 'succeeded').length;
    expect(await cash()).toBe(START - 1000 * succeeded);
  });
});

test('a payment is counted, timed, logged and traced', async () => {
  using tracing = traceInMemory();
  const labels = { kind: 'deposit', gateway: 'cards' };
  const before = await metric('payments_total', { ...labels, status: 'succeeded' });
  const value = await metric('payment_value_total', { kind: 'deposit' });
  const duration = await metric('payment_duration_seconds_count', { kind: 'deposit' });
  const answer = await ask('deposits', 2500);
  await eventually(() => metric('payments_total', { ...labels, status: 'succeeded' })).toBe(
    before + 1,
  );
  expect(await metric('payment_value_total', { kind: 'deposit' })).toBe(value + 2500);
  expect(await metric('payment_duration_seconds_count', { kind: 'deposit' })).toBe(duration + 1);
  expect(
    await metric('payment_webhooks_total', { type: 'charge.succeeded', outcome: 'settled' }),
  ).toBeGreaterThan(0);

  const failures = await metric('payment_failures_total', { reason: 'insufficient_funds' });
  await ask('deposits', 2500, 'card_declined');
  await eventually(() => metric('payment_failures_total', { reason: 'insufficient_funds' })).toBe(
    failures + 1,
  );

  const settle = tracing.spans().find(({ name }) => name === 'payment.settle');
  expect(settle?.attributes).toMatchObject({
    'payment.id': paymentOf(answer).id,
    'user.id': customer.id,
    'payment.kind': 'deposit',
    'payment.amount': 2500,
    'payment.status': 'succeeded',
    'payment.settling': 'settled',
  });
});

describe('a payment that is asked for while', () => {
  test('no worker runs is carried out when one does', async () => {
    await stopWorker();
    await ask('deposits', 700);
    await ask('withdrawals', 300);
    await startWorker();
    await eventually(cash).toBe(START + 700 - 300);
    await eventually(pending).toBe(0);
  });

  test('the gateway is away is carried out when it is back, also when it has forgotten all', async () => {
    const slow = await ask('deposits', 700, 'card_slow');
    await eventually(() => chargesOf(paymentOf(slow))).toHaveLength(1);
    await gateway.close();
    await ask('deposits', 300);
    await hasten();
    const { port } = new URL(gateway.url);
    gateway = await startGateway(
      system,
      createTestTelemetry('outside', system.config),
      Number(port),
    );
    await eventually(async () => {
      await hasten();
      return cash();
    }).toBe(START + 700 + 300);
  });
});

describe('a withdrawal', () => {
  test('of more than there is, is refused, and so it stays', async () => {
    const answer = await ask('withdrawals', START + 1, 'card_good', 'too-much');
    expect(answer).toMatchObject({
      status: 409,
      json: {
        type: '/problems/insufficient-funds',
        detail: expect.stringContaining('1000000') as string,
      },
    });
    await ask('deposits', 100);
    await eventually(cash).toBe(START + 100);
    const again = await ask('withdrawals', START + 1, 'card_good', 'too-much');
    expect(again.text).toBe(answer.text);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test('is made once of ten at once with one key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ask('withdrawals', 1000, 'card_good', 'same')),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await payments()).toHaveLength(1);
    expect(await cash()).toBe(START - 1000);
    expect((await ask('withdrawals', 1001, 'card_good', 'same')).status).toBe(422);
    expect((await ask('deposits', 1000, 'card_good', 'same')).status).toBe(422);
  });

  test('takes no cent that another one has taken', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask('withdrawals', 600_000, 'card_slow')),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409]);
    expect(await cash()).toBe(START - 600_000);
  });
});

test('at most twenty payments of a customer are pending', async () => {
  const answers = await Promise.all(
    Array.from({ length: 23 }, () => ask('deposits', 100, 'card_webhook_lost')),
  );
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
  expect(answers.find(({ status }) => status === 409)?.json).toMatchObject({
    type: '/problems/too-many-pending-payments',
  });
  await hasten();
});

test('payments are listed in pages, newest first, and to their customer only', async () => {
  for (const amount of [101, 102, 103]) await ask('deposits', amount);
  const page = async (query: string) =>
    (await customer.get(`/api/payments${query}`)).json as {
      payments: PaymentView[];
      next: string | null;
    };
  const first = await page('?limit=2');
  expect(first.payments.map(({ amount }) => amount)).toEqual([103, 102]);
  const second = await page(`?limit=2&before=${String(first.next)}`);
  expect(second).toMatchObject({ payments: [{ amount: 101 }], next: null });
  expect((await (await system.register()).get('/api/payments')).json).toEqual({
    payments: [],
    next: null,
  });
});

test.each([
  ['deposits', { amount: 99, card: 'card_good' }, 'amount'],
  ['deposits', { amount: 1_000_000_001, card: 'card_good' }, 'amount'],
  ['withdrawals', { amount: 0, card: 'card_good' }, 'amount'],
  ['withdrawals', { amount: 10.5, card: 'card_good' }, 'amount'],
  ['deposits', { amount: 100, card: '4111111111111111' }, 'card'],
  ['deposits', { amount: 100 }, 'card'],
  ['deposits', { amount: 100, card: 'card_good', currency: 'USD' }, 'currency'],
] as const)('%s of %j is refused, naming %s', async (kind, body, field) => {
  const answer = await system.post(`/api/payments/${kind}`, body, {
    authorization: `Bearer ${customer.token}`,
    'idempotency-key': randomUUID(),
  });
  expect(answer).toMatchObject({ status: 400, json: { errors: [{ field }] } });
  expect(await payments()).toEqual([]);
});

describe('the database refuses, whoever asks,', () => {
  test.each([
    ['to change what was asked for', 'UPDATE payments SET amount = 1'],
    [
      'to settle a payment again',
      "UPDATE payments SET status = 'failed', reason = 'x' WHERE status = 'succeeded'",
    ],
    ['to delete a payment', 'DELETE FROM payments'],
    [
      'a payment that begins settled',
      `INSERT INTO payments (user_id, kind, amount, card, status, settled_at)
       SELECT id, 'deposit', 5, 'card_good', 'succeeded', now() FROM users LIMIT 1`,
    ],
  ])('%s', async (_name, text) => {
    await expect(sql(text)).rejects.toMatchObject({ code: '23001' });
  });

  test('a withdrawal of more than there is', async () => {
    const insert = sql(
      "INSERT INTO payments (user_id, kind, amount, card) VALUES ($1, 'withdrawal', $2, 'card_good')",
      [customer.id, START + 1],
    );
    await expect(insert).rejects.toMatchObject({ constraint: 'balance_not_negative' });
  });
});

test('the audit and the gauge find money that no payment has moved', async () => {
  const move = (amounts: string) =>
    sql(
      "SELECT post_transfer('odd', ARRAY[house_account('payouts', 'BERRY'), house_account('gateway', 'BERRY')], $1)",
      [amounts],
    );
  const berries = async () =>
    (await ledgerImbalance(system.database)).find(({ asset }) => asset === 'BERRY')?.imbalance;
  expect(await berries()).toBe(0);
  await move('{7,-7}');
  expect((await differences(system.database)).map(({ subject }) => subject)).toEqual([
    'house account gateway',
    'house account payouts',
  ]);
  expect(await berries()).toBe(7);
  await move('{-7,7}');
});
