// What was told is kept, and what is told while a store is away arrives when it is back.

import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Customer, call, cheapest, signUp, trade } from './customer.ts';
import { traceIdOf } from './datasources.ts';
import { logs, trace, waitUntilQuiet } from './lookout.ts';
import { compose, waitFor, waitUntilWell } from './stack.ts';

const stores = ['collector', 'loki', 'jaeger'];

let customer: Customer;

beforeAll(async () => {
  customer = await signUp();
});

afterAll(async () => {
  await compose('start', ...stores);
  await waitUntilWell(60);
  await waitUntilQuiet(120);
});

/** So many requests, each under an id of its own. */
async function requests(prefix: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const headers = { 'x-request-id': `${prefix}-${n}` };
    const { status } = await call('GET', '/api/portfolio', { token: customer.token, headers });
    expect(status).toBe(200);
  }
}

/** Waits until Loki has a line of each of them, and gives the lines. */
function linesOfAll(prefix: string, count: number, seconds: number) {
  return waitFor(`a line of each of ${count} requests`, seconds, async (see) => {
    const lines = await logs(`{service_name="api"} | requestId=~"${prefix}-.+"`);
    const found = new Set(lines.map(({ fields }) => fields['requestId']));
    see(`${found.size} of ${count}`);
    return found.size === count && lines;
  });
}

test('a trace is kept over a restart of Jaeger', async () => {
  const requestId = `kept-${randomUUID()}`;
  const order = { characterId: await cheapest(customer), quantity: 1, action: 'buy' as const };
  await trade(customer, order, requestId);
  const traceId = await waitFor(
    'the trace id',
    15,
    async (see) =>
      see(await logs(`{service_name="api"} | requestId="${requestId}"`)).map(traceIdOf)[0],
  );
  const isWhole = (services: string[]) => ['api', 'worker'].every((one) => services.includes(one));
  const servicesOf = async () => (await trace(traceId)).map(({ service }) => service);
  await waitFor('the trace', 15, async (see) => isWhole(see(await servicesOf())));

  await compose('restart', 'jaeger');
  await waitFor('the trace after the restart', 60, async (see) => isWhole(see(await servicesOf())));
});

test('log lines and spans written while Loki and Jaeger are stopped arrive after their start, none missing, none twice', async () => {
  const prefix = `durable-${randomUUID()}`;
  const count = 100;
  await compose('stop', 'loki', 'jaeger');
  try {
    await requests(prefix, count);
  } finally {
    await compose('start', 'loki', 'jaeger');
  }

  const lines = await linesOfAll(prefix, count, 120);
  const ids = lines.map(({ fields }) => fields['event_id']);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size, 'lines that came twice').toBe(ids.length);

  const traceIds = new Set(lines.map(traceIdOf));
  expect(traceIds.size).toBe(count);
  await waitFor('every trace in Jaeger', 120, async (see) => {
    const missing = [];
    for (const id of traceIds) {
      const spans = await trace(id ?? '').catch(() => []);
      if (spans.length === 0) missing.push(id);
    }
    return see({ missing }).missing.length === 0;
  });
});

test('log lines written just before the collector is killed arrive after its start', async () => {
  const prefix = `killed-${randomUUID()}`;
  const count = 50;
  const some = requests(prefix, count);
  await compose('kill', '--signal', 'SIGKILL', 'collector');
  await some;
  await compose('start', 'collector');
  await linesOfAll(prefix, count, 60);
});

test('with every store away no request fails, and its lines arrive later', async () => {
  const prefix = `alone-${randomUUID()}`;
  await compose('stop', ...stores);
  try {
    await requests(prefix, 20);
  } finally {
    await compose('start', ...stores);
  }
  await linesOfAll(prefix, 20, 120);
});
