import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Telemetry } from '@crows-nest/telemetry';
import { differences } from '../ledger/audit.ts';
import { createClosing, type Closing } from '../lifecycle.ts';
import { eventually } from '../testing/eventually.ts';
import { startGateway, type TestGateway } from '../testing/gateway.ts';
import {
  CHARACTER,
  createTestTelemetry,
  metricIn,
  startSystem,
  testConfig,
  type Answer,
  type Customer,
  type TestSystem,
} from '../testing/system.ts';
import { composeWorker } from '../worker/compose.ts';
import type { SubscriptionView } from './subscriptions.ts';

const DAY = 86_400_000;

let system: TestSystem;
let outside: Telemetry;
let gateway: TestGateway;
let telemetry: Telemetry;
let closing: Closing;
let worker: { port: number };
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  outside = createTestTelemetry('outside', system.config);
  gateway = await startGateway(system, outside);
  const config = testConfig(system.database, { GATEWAY_URL: gateway.url });
  telemetry = createTestTelemetry('worker', config);
  closing = createClosing(telemetry.logger);
  worker = await composeWorker(config, telemetry, closing);
}, 120_000);
afterAll(async () => {
  await closing.closeAll();
  await telemetry.close();
  await gateway.close();
  await outside.close();
  await system.close();
});
beforeEach(async () => {
  customer = await system.register();
});
afterEach(async () => {
  expect(await differences(system.database)).toEqual([]);
});

const authorization = () => ({ authorization: `Bearer ${customer.token}` });
const subscribe = (card: string, key: string = randomUUID()): Promise<Answer> =>
  system.post('/api/subscription', { card }, { ...authorization(), 'idempotency-key': key });
const cancel = () => system.request('DELETE', '/api/subscription', { headers: authorization() });
const current = async () =>
  ((await customer.get('/api/subscription')).json as { subscription: SubscriptionView | null })
    .subscription;
const status = async () => (await current())?.status;
const realtime = async () =>
  ((await customer.get('/auth/me')).json as { user: { realtime: boolean } }).user.realtime;
const charges = async () => {
  const { payments } = (await customer.get('/api/payments')).json as {
    payments: { kind: string; status: string; amount: number }[];
  };
  return payments.filter(({ kind }) => kind === 'subscription').map((payment) => payment.status);
};

/** Days until the worker has something to do for it, to the hour; null when it has not. */
async function dueInDays(): Promise<number | null> {
  const [row] = await system.database.sql<{ due_at: Date | null }>(
    'SELECT due_at FROM subscriptions WHERE user_id = $1',
    [customer.id],
  );
  const dueAt = row?.due_at;
  return dueAt ? Math.round(((dueAt.getTime() - Date.now()) / DAY) * 24) / 24 : null;
}

/** Time passes until something is due. */
async function passTime(): Promise<void> {
  await system.database.sql(
    `UPDATE subscriptions SET due_at = now(),
       current_period_end = CASE WHEN status IN ('active', 'cancelled') THEN now() ELSE current_period_end END
     WHERE user_id = $1`,
    [customer.id],
  );
}

/** As when a card that was good is used up. */
async function cardTurns(card: string): Promise<void> {
  await system.database.sql('UPDATE subscriptions SET card = $2 WHERE user_id = $1', [
    customer.id,
    card,
  ]);
}

/** Summed over API and worker: either may have settled a charge. */
async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
  return metricIn(text, name, labels) + (await system.metric(name, labels));
}

test('a subscription is paid, renewed, declined with growing pauses, and then over', async () => {
  const revenue = await metric('revenue_total', { source: 'subscription' });
  const failures = await metric('subscription_failures_total');
  expect(await current()).toBeNull();
  expect(await realtime()).toBe(false);

  expect(await subscribe('card_good')).toMatchObject({
    status: 202,
    json: { subscription: { status: 'pending', price: 1990, currentPeriodEnd: null } },
  });
  await eventually(status).toBe('active');
  // Long before the cached session would be read anew.
  await eventually(realtime).toBe(true);
  expect(await dueInDays()).toBe(30);

  await passTime();
  await eventually(charges).toEqual(['succeeded', 'succeeded']);
  expect(await dueInDays()).toBe(30);
  const revenueNow = () => metric('revenue_total', { source: 'subscription' });
  await eventually(revenueNow).toBe(revenue + 2 * 1990);

  await cardTurns('card_declined');
  for (const [declines, next] of [
    [1, { status: 'past_due', days: 1 }],
    [2, { status: 'past_due', days: 2 }],
    [3, { status: 'past_due', days: 4 }],
    [4, { status: 'ended', days: null }],
  ] as const) {
    await passTime();
    await eventually(async () => (await charges()).length).toBe(2 + declines);
    await eventually(async () => (await charges()).includes('pending')).toBe(false);
    expect(await status()).toBe(next.status);
    expect(await dueInDays()).toBe(next.days);
    await eventually(realtime).toBe(false);
  }
  await eventually(() => metric('subscription_failures_total')).toBe(failures + 4);
  expect(await revenueNow()).toBe(revenue + 2 * 1990);
  // The customer's berries are not what it is paid with.
  expect((await customer.get('/api/portfolio')).json).toMatchObject({ cash: 1_000_000 });
});

test('quotes are late without real time, and at once with it; everybody trades at those of now', async () => {
  await system.quote(Date.now() - 6000, { bid: 500, ask: 502 });
  await system.quote(Date.now(), { bid: 999, ask: 1001 });
  const bids = async () => {
    const one = (await customer.get(`/api/characters/${CHARACTER}`)).json as { bid: number };
    const all = (await customer.get('/api/characters')).json as { characters: { bid: number }[] };
    return [one.bid, all.characters[0]?.bid];
  };
  await eventually(bids).toEqual([500, 500]);
  expect(
    await customer.trade({ characterId: CHARACTER, action: 'buy', quantity: 1 }),
  ).toMatchObject({
    status: 201,
    json: { trade: { price: 1001 } },
  });
  expect((await customer.get('/api/portfolio')).json).toMatchObject({ portfolioValue: 500 });

  await subscribe('card_good');
  await eventually(bids).toEqual([999, 999]);
  expect((await customer.get('/api/portfolio')).json).toMatchObject({ portfolioValue: 999 });
});

test('a card that is declined once is tried again, and real time goes on', async () => {
  await subscribe(`card_declined_once-${randomUUID()}`);
  await eventually(status).toBe('past_due');
  await eventually(realtime).toBe(false);
  await passTime();
  await eventually(status).toBe('active');
  await eventually(realtime).toBe(true);
});

test('what is past due can be paid with another card, at once', async () => {
  await subscribe('card_declined');
  await eventually(status).toBe('past_due');
  await subscribe('card_good');
  await eventually(status).toBe('active');
  expect(await charges()).toEqual(['succeeded', 'failed']);
});

test('what is cancelled runs until the period that is paid ends, and can be taken up again', async () => {
  await subscribe('card_good');
  await eventually(status).toBe('active');
  expect(await cancel()).toMatchObject({
    status: 200,
    json: { subscription: { status: 'cancelled', nextChargeAt: null } },
  });
  expect((await cancel()).status).toBe(200);
  await eventually(realtime).toBe(true);

  expect((await subscribe('card_good')).json).toMatchObject({ subscription: { status: 'active' } });
  await cancel();
  await passTime();
  await eventually(status).toBe('ended');
  await eventually(realtime).toBe(false);
  expect(await charges()).toEqual(['succeeded']);
  expect((await cancel()).status).toBe(404);

  await subscribe('card_good');
  await eventually(status).toBe('active');
});

test('what is cancelled while its first charge is under way runs for what is then paid', async () => {
  await subscribe('card_slow');
  expect((await cancel()).json).toMatchObject({ subscription: { status: 'ended' } });
  expect((await subscribe('card_good')).json).toMatchObject({ type: '/problems/charge-under-way' });
  await eventually(status).toBe('cancelled');
  await eventually(realtime).toBe(true);
});

test('is begun once, however often it is asked for', async () => {
  const same = await Promise.all(Array.from({ length: 5 }, () => subscribe('card_good', 'one')));
  expect(new Set(same.map(({ text }) => text)).size).toBe(1);
  const others = await Promise.all(Array.from({ length: 5 }, () => subscribe('card_good')));
  expect(others.map((answer) => answer.status)).toEqual([409, 409, 409, 409, 409]);
  await eventually(status).toBe('active');
  expect((await subscribe('card_good')).json).toMatchObject({
    type: '/problems/already-subscribed',
  });
  expect(await charges()).toEqual(['succeeded']);
});

test('a gauge tells how many run', async () => {
  await subscribe('card_good');
  await eventually(status).toBe('active');
  await eventually(() => metric('subscriptions_active')).toBeGreaterThan(0);
});
