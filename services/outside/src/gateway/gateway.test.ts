import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import {
  captureCarrier,
  createTelemetry,
  runWithCarrier,
  type Telemetry,
} from '@crows-nest/telemetry';
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import express, { type RequestHandler } from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { traceInMemory } from '../../../telemetry/src/testing/tracing.ts';
import { bodyErrors } from '../receivers/routes.ts';
import { createFaults, faultRoutes, type Faults } from './faults.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Transaction } from './transactions.ts';
import type { Event } from './webhooks.ts';

const merchant = { key: 'merchant key', webhookSecret: 'webhook secret' };
// Time enough between two events that the first arrives first, also on a busy machine.
const timing = { settleMs: 150, slowMs: 300, lateMs: 1_000, hangMs: 2_000, retryMs: 10 };

/** The merchant's end: keeps the webhooks that came, in order. */
let received: { event: Event; body: string; headers: IncomingHttpHeaders }[];
/** How the merchant answers the next webhooks; 200 when none is left. */
let answers: number[];
let receiver: Server;
let gateway: Gateway;
let faults: Faults;
let telemetry: Telemetry;
let server: Server;
let base: string;

const listening = async (made: Server) => {
  await once(made.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
};

beforeEach(async () => {
  received = [];
  answers = [];
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      const { headers } = request;
      const status = answers.shift() ?? 200;
      if (status === 200) received.push({ event: JSON.parse(body) as Event, body, headers });
      response.writeHead(status).end();
    });
  });
  const webhookUrl = `${await listening(receiver)}/webhooks`;
  telemetry = createTelemetry({
    service: 'outside',
    version: '0.0.0',
    environment: 'test',
    logLevel: 'error',
  });
  telemetry.logger.silent = true; // a 500 that is asked for
  faults = createFaults(telemetry);
  gateway = createGateway({ ...merchant, webhookUrl }, telemetry, { timing, faults });
  const app = express()
    .use(telemetry.http(), incomingTrace)
    .use('/gateway/v1', gateway.router)
    .use('/faults', faultRoutes(faults))
    .use('/off', faultRoutes(undefined))
    .use(bodyErrors);
  server = createServer(app);
  base = `${await listening(server)}/gateway/v1`;
});
afterEach(async () => {
  await gateway.close();
  for (const each of [server, receiver]) {
    each.closeAllConnections();
    await once(each.close(), 'close');
  }
  await telemetry.close();
});

/** What the instrumentation of a running service does. */
const incomingTrace: RequestHandler = ({ headers: { traceparent } }, _response, next) => {
  const carrier = { ...captureCarrier(), ...(traceparent && { traceparent: String(traceparent) }) };
  void runWithCarrier(carrier, async () => {
    await Promise.resolve();
    next();
  });
};

let keys = 0;
const newKey = () => `key-${++keys}`;
const authorization = `Bearer ${merchant.key}`;
const order = { amount: 5_000, currency: 'BERRY', card: 'card_good', reference: 'payment-1' };

async function call(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'Content-Type': 'application/json', authorization, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as never };
}
const charge = (changes: object = {}, key = newKey(), path = '/charges') =>
  call(path, { ...order, ...changes }, { 'Idempotency-Key': key });
const idOf = ({ json }: { json: never }) => (json as Transaction).id;
const types = () => received.map(({ event }) => event.type);
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 10_000 });
const counted = async (name: string, labels: string) =>
  (await telemetry.registry.metrics())
    .split('\n')
    .find((line) => line.startsWith(`${name}{${labels}}`))
    ?.split(' ')[1];

describe('a charge', () => {
  it('is pending at first; the outcome comes by webhook, and can be asked for', async () => {
    const answer = await charge();
    expect(answer).toMatchObject({
      status: 201,
      json: { ...order, kind: 'charge', status: 'pending', failureCode: null, settledAt: null },
    });
    await eventually(types).toEqual(['charge.pending', 'charge.succeeded']);
    const settled = (await call(`/charges/${idOf(answer)}`)).json as Transaction;
    expect(settled).toMatchObject({ status: 'succeeded', settledAt: expect.any(String) as string });
    expect(received[1]?.event.data).toEqual(settled);
    expect((await call('/charges?reference=payment-1')).json).toEqual({ data: [settled] });
    expect((await call('/charges?reference=payment-2')).json).toEqual({ data: [] });
    expect(
      await counted('outside_card_transactions_total', 'kind="charge",outcome="succeeded"'),
    ).toBe('1');
  });

  it('is made once for a key, also five times at once', async () => {
    const calls = await Promise.all(Array.from({ length: 5 }, () => charge({}, 'one')));
    expect(new Set(calls.map(idOf)).size).toBe(1);
    expect(calls.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
    await eventually(types).toEqual(['charge.pending', 'charge.succeeded']);
    expect(await charge({ amount: 6_000 }, 'one')).toMatchObject({
      status: 409,
      json: { error: { code: 'idempotency_key_reused' } },
    });
  });

  it.each([
    ['card_declined', 'insufficient_funds'],
    ['card_expired', 'expired_card'],
  ])('of %s fails with %s', async (card, failureCode) => {
    await charge({ card });
    await eventually(types).toEqual(['charge.pending', 'charge.failed']);
    expect(received[1]?.event.data).toMatchObject({ status: 'failed', failureCode });
  });

  it('of card_declined_once fails once for each such card', async () => {
    const outcomes = async (card: string) => {
      const before = received.length;
      await charge({ card });
      await eventually(() => received.length - before).toBe(2);
      return received.at(-1)?.event.data.status;
    };
    expect(await outcomes('card_declined_once-a')).toBe('failed');
    expect(await outcomes('card_declined_once-b')).toBe('failed');
    expect(await outcomes('card_declined_once-a')).toBe('succeeded');
  });

  it('of card_hangs is made, though the answer keeps the caller waiting', async () => {
    let answered = false;
    const answer = charge({ card: 'card_hangs' }).then((got) => {
      answered = true;
      return got;
    });
    await eventually(types).toContain('charge.succeeded');
    expect(answered).toBe(false);
    expect(await answer).toMatchObject({ status: 201, json: { status: 'succeeded' } });
  });

  it('of card_error is made by the second call only', async () => {
    expect(await charge({ card: 'card_error' }, 'again')).toMatchObject({ status: 500 });
    expect((await call('/charges?reference=payment-1')).json).toEqual({ data: [] });
    expect(await charge({ card: 'card_error' }, 'again')).toMatchObject({ status: 201 });
  });
});

it('pays out as it charges, and keeps the two apart', async () => {
  const answer = await charge({}, newKey(), '/payouts');
  expect(answer).toMatchObject({ status: 201, json: { kind: 'payout', status: 'pending' } });
  await eventually(types).toEqual(['payout.pending', 'payout.succeeded']);
  expect((await call(`/charges/${idOf(answer)}`)).status).toBe(404);
  expect((await call('/charges?reference=payment-1')).json).toEqual({ data: [] });
});

describe('a webhook', () => {
  it('is signed over its time and its body', async () => {
    await charge();
    await eventually(types).toContain('charge.succeeded');
    for (const { body, headers } of received) {
      const signature = String(headers['gateway-signature']);
      const [, time = '', hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
      const expected = createHmac('sha256', merchant.webhookSecret).update(`${time}.${body}`);
      expect(hex).toBe(expected.digest('hex'));
      expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(60);
    }
  });

  it('belongs to the undertaking, and to the trace, that the charge is part of', async () => {
    using tracing = traceInMemory();
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const undici = new UndiciInstrumentation();
    await telemetry.span('payment', {}, () =>
      call('/charges', order, { 'Idempotency-Key': newKey(), 'X-Correlation-ID': 'undertaking' }),
    );
    await eventually(types).toContain('charge.succeeded');
    undici.disable();
    const trace = tracing
      .spans()
      .find(({ name }) => name === 'payment')
      ?.spanContext().traceId;
    for (const { headers } of received) {
      expect(headers.traceparent).toContain(trace);
      expect(headers['x-correlation-id']).toBe('undertaking');
    }
  });

  it('is sent again, as the same event, until it is taken', async () => {
    answers = [500, 404, 302];
    await charge();
    await eventually(() => types().sort()).toEqual(['charge.pending', 'charge.succeeded']);
    expect(await counted('outside_webhooks_total', 'outcome="failed"')).toBe('3');
    await eventually(() => counted('outside_webhooks_total', 'outcome="delivered"')).toBe('2');
  });

  it('is given up after some attempts', async () => {
    answers = Array.from({ length: 16 }, () => 503);
    await charge();
    await eventually(() => counted('outside_webhooks_total', 'outcome="abandoned"')).toBe('2');
    expect(received).toEqual([]);
  });

  it('of card_webhook_twice comes twice, with one id', async () => {
    await charge({ card: 'card_webhook_twice' });
    await eventually(() => types().filter((type) => type === 'charge.succeeded')).toHaveLength(2);
    expect(new Set(received.map(({ event }) => event.id)).size).toBe(2);
  });

  it('of card_out_of_order tells the end first', async () => {
    await charge({ card: 'card_out_of_order' });
    await eventually(types).toEqual(['charge.succeeded', 'charge.pending']);
  });

  it('of card_webhook_late comes when the charge has long been settled', async () => {
    const answer = await charge({ card: 'card_webhook_late' });
    const status = async () =>
      ((await call(`/charges/${idOf(answer)}`)).json as Transaction).status;
    await eventually(status).toBe('succeeded');
    expect(types()).toEqual(['charge.pending']);
    await eventually(types).toEqual(['charge.pending', 'charge.succeeded']);
  });

  it('of card_webhook_lost never comes, though the charge is settled', async () => {
    const answer = await charge({ card: 'card_webhook_lost' });
    await eventually(() => counted('outside_webhooks_total', 'outcome="lost"')).toBe('2');
    expect((await call(`/charges/${idOf(answer)}`)).json).toMatchObject({ status: 'succeeded' });
    expect(received).toEqual([]);
  });
});

describe('is refused, with the reason:', () => {
  it.each<[string, object, number, string]>([
    ['an unknown card', { card: 'card_gold' }, 402, 'card_unknown'],
    ['no card at all', { card: undefined }, 400, 'invalid_request'],
    ['half a cent', { amount: 0.5 }, 400, 'invalid_request'],
    ['another currency', { currency: 'USD' }, 400, 'invalid_request'],
    ['an address to send webhooks to', { webhookUrl: 'http://x' }, 400, 'invalid_request'],
  ])('%s', async (_name, changes, status, code) => {
    expect(await charge(changes)).toMatchObject({
      status,
      json: { error: { code, message: expect.any(String) as string } },
    });
  });

  it('a call without an Idempotency-Key', async () => {
    expect((await call('/charges', order)).status).toBe(400);
  });

  it.each(['', 'Bearer', 'Bearer merchant', `Bearer ${merchant.key} `.repeat(2)])(
    'the key %j',
    async (wrong) => {
      const answer = await call('/charges', order, {
        'Idempotency-Key': 'x',
        authorization: wrong,
      });
      expect(answer).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' } } });
    },
  );
});

describe('a fault', () => {
  const ask = async (method: string, path: string, body?: unknown, headers = {}) => {
    const answer = await fetch(new URL(path, base), {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      json: (text.startsWith('{') ? JSON.parse(text) : text) as never,
    };
  };
  const begin = async (name: string, seconds = 60) => {
    expect(await ask('PUT', `/faults/${name}`, { seconds })).toMatchObject({
      status: 200,
      json: { name, endsAt: expect.any(String) as string },
    });
  };
  const active = (name: string) => counted('fault_active', `fault="${name}"`);

  it('is listed, told by the metric, and taken back', async () => {
    await begin('webhooks-lost');
    await begin('payments-hang');
    expect(await active('webhooks-lost')).toBe('1');
    expect((await ask('DELETE', '/faults/webhooks-lost')).status).toBe(204);
    expect((await ask('GET', '/faults')).json).toMatchObject({
      faults: [
        { name: 'payments-declined', endsAt: null },
        { name: 'payments-hang', endsAt: expect.any(String) as string },
        { name: 'webhooks-lost', endsAt: null },
      ],
    });
    expect((await ask('DELETE', '/faults')).status).toBe(204);
    expect(await active('payments-hang')).toBeUndefined();
  });

  it('ends by itself', async () => {
    await begin('payments-declined', 1);
    await eventually(() => active('payments-declined')).toBeUndefined();
    await charge();
    await eventually(types).toEqual(['charge.pending', 'charge.succeeded']);
  });

  it('payments-declined has every card declined, each for its own reason', async () => {
    await begin('payments-declined');
    await charge();
    await eventually(types).toEqual(['charge.pending', 'charge.failed']);
    expect(received[1]?.event.data.failureCode).toBe('insufficient_funds');
    await charge({ card: 'card_expired' });
    await eventually(() => received.at(-1)?.event.data.failureCode).toBe('expired_card');
  });

  it('payments-hang leaves calls without an answer, and does nothing for who gives up', async () => {
    await begin('payments-hang');
    const impatient = fetch(`${base}/charges`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', authorization, 'Idempotency-Key': newKey() },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(500),
    });
    await expect(impatient).rejects.toThrow('timeout');
    const patient = call('/charges?reference=payment-1');
    expect((await ask('DELETE', '/faults/payments-hang')).status).toBe(204);
    expect(await patient).toEqual({ status: 200, json: { data: [] } });
    expect(await charge()).toMatchObject({ status: 201 });
  });

  it('webhooks-lost tells the merchant nothing, though the charge is settled', async () => {
    await begin('webhooks-lost');
    const answer = await charge();
    await eventually(() => counted('outside_webhooks_total', 'outcome="lost"')).toBe('2');
    expect((await call(`/charges/${idOf(answer)}`)).json).toMatchObject({ status: 'succeeded' });
    expect(received).toEqual([]);
  });

  it.each([
    ['PUT', '/faults/webhooks-lost', {}, 400],
    ['PUT', '/faults/webhooks-lost', { seconds: 0 }, 400],
    ['PUT', '/faults/webhooks-lost', { seconds: 901 }, 400],
    ['PUT', '/faults/webhooks-lost', { seconds: 1, ratio: 1 }, 400],
    ['PUT', '/faults/latency', { seconds: 1 }, 404],
    ['DELETE', '/faults/toString', undefined, 404],
  ])('%s %s with %j is a %i', async (method, path, body, status) => {
    expect(await ask(method, path, body)).toMatchObject({
      status,
      json: { detail: expect.stringMatching(/expected|Unrecognized|payments-declined/) as string },
    });
    for (const name of ['payments-declined', 'payments-hang', 'webhooks-lost']) {
      expect(await active(name)).toBeUndefined();
    }
  });

  it('is not for web pages of other hosts, and they are not asked to try', async () => {
    for (const origin of ['http://crows-nest.example', 'http://localhost.example', 'null']) {
      const answer = await ask('PUT', '/faults/webhooks-lost', { seconds: 1 }, { origin });
      expect(answer).toMatchObject({ status: 403, json: { type: '/problems/foreign-page' } });
      const preflight = await fetch(new URL('/faults/webhooks-lost', base), {
        method: 'OPTIONS',
        headers: { origin, 'Access-Control-Request-Method': 'PUT' },
      });
      expect([...preflight.headers.keys()].join()).not.toContain('access-control');
    }
    expect(await active('webhooks-lost')).toBeUndefined();
  });

  it('is a 403 where FAULTS is off', async () => {
    for (const [method, path] of [
      ['GET', '/off'],
      ['DELETE', '/off'],
      ['PUT', '/off/webhooks-lost'],
    ] as const) {
      const body = method === 'PUT' ? { seconds: 1 } : undefined;
      expect(await ask(method, path, body)).toMatchObject({
        status: 403,
        json: { type: '/problems/faults-off' },
      });
    }
  });
});
