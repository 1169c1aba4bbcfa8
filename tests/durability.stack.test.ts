// What was told is kept, and what is told while a store is away arrives when it is back.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Customer, call, cheapest, signUp, trade } from './customer.ts';
import { traceIdOf } from './datasources.ts';
import { logs, type LogLine, type Span, trace, waitUntilQuiet } from './lookout.ts';
import { command, compose, containers, serviceOf, waitFor, waitUntilWell } from './stack.ts';

const stores = ['collector', 'loki', 'jaeger'];

let customer: Customer;

beforeAll(async () => {
  customer = await signUp();
});

afterAll(async () => {
  await compose('start', ...stores);
  await scale(1);
  await waitUntilQuiet(170);
});

/** So many requests, each under an id of its own. */
async function requests(prefix: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const headers = { 'x-request-id': `${prefix}-${n}` };
    const { status } = await call('GET', '/api/portfolio', { token: customer.token, headers });
    expect(status).toBe(200);
  }
}

/** Requests of several customers at once, about fifty a second, each under a number of its own, until they are told to stop. */
function startLoad(): { stop: () => Promise<string[]> } {
  const prefix = `numbered-${randomUUID()}`;
  const numbers: string[] = [];
  let going = true;
  const clients = Array.from({ length: 5 }, async () => {
    while (going) {
      const id = `${prefix}-${String(numbers.length).padStart(5, '0')}`;
      numbers.push(id);
      const options = { token: customer.token, headers: { 'x-request-id': id } };
      const { status } = await call('GET', '/api/portfolio', options);
      expect(status, 'what telemetry goes through no request feels').toBe(200);
      await sleep(100);
    }
  });
  return {
    async stop() {
      going = false;
      await Promise.all(clients);
      return numbers;
    },
  };
}

/** Loki gives at most 5,000 lines an answer: blocks of a thousand numbers, by their beginning. */
function blocksOf(numbers: string[]): string[] {
  return [...new Set(numbers.map((id) => id.slice(0, -3)))];
}

function linesOfBlock(block: string): Promise<LogLine[]> {
  return logs(`{service_name="api"} | requestId=~"${block}.+"`);
}

function textOf({ text }: LogLine): string {
  return (JSON.parse(text) as { message: string }).message;
}

function partOf({ service, tags }: Span): unknown {
  return (
    tags['db.system.name'] ?? (service === 'api' && tags['span.kind'] === 'server' && 'request')
  );
}

function isOfApi({ service }: Span): boolean {
  return service === 'api';
}

async function scale(replicas: number): Promise<void> {
  await compose('up', '--detach', '--no-recreate', '--scale', `api=${replicas}`, 'api');
  await waitUntilWell(90);
}

/** As a deployment does: the old one is told to end and goes, a new one comes. */
async function replaceOneReplica(): Promise<void> {
  const [old] = (await containers()).filter((container) => serviceOf(container) === 'api');
  await command('docker', ['stop', old?.Id ?? '']);
  await command('docker', ['rm', old?.Id ?? '']);
  await compose('up', '--detach', '--no-recreate', '--no-deps', '--scale', 'api=3', 'api');
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

test('through outages of Loki, Jaeger and the collector, and the replacement of a replica, no line and no span is lost', async () => {
  await scale(3);
  const load = startLoad();
  await sleep(5_000);
  await compose('stop', 'loki', 'jaeger');
  const away = Date.now();
  await sleep(10_000);
  await compose('kill', '--signal', 'SIGKILL', 'collector');
  await sleep(5_000);
  await compose('start', 'collector');
  await replaceOneReplica();
  await sleep(Math.max(0, away + 60_000 - Date.now()));
  await compose('start', 'loki', 'jaeger');
  await sleep(5_000);
  const numbers = await load.stop();

  // What a client has had an answer to is in the API's log twice: when it came and when it was answered.
  const lines = await waitFor('two lines of each request', 240, async (see) => {
    const found = (await Promise.all(blocksOf(numbers).map(linesOfBlock))).flat();
    const perRequest = Map.groupBy(found, ({ fields }) => fields['requestId']);
    const missing = numbers.filter((id) => new Set(perRequest.get(id)?.map(textOf)).size < 2);
    return see({ requests: numbers.length, missing: missing.length }).missing === 0 && found;
  });
  const instances = new Set(
    lines.map(({ text }) => (JSON.parse(text) as { instance: string }).instance),
  );
  expect(instances.size, 'replicas that wrote, the replaced one and its successor among them').toBe(
    4,
  );
  const events = new Set(lines.map(({ fields }) => fields['event_id']));
  expect(events).not.toContain(undefined);
  const twice = lines.length - events.size;
  expect(twice / lines.length, 'share of lines that came twice').toBeLessThan(0.01);

  const traceIds = [...new Set(lines.map(traceIdOf))];
  expect(traceIds).toHaveLength(numbers.length);
  // The request, its session in Redis and its portfolio in SQL; more where the session had to be looked up.
  const spans = await waitFor('every span of each request in Jaeger', 240, async (see) => {
    const traces = await Promise.all(traceIds.map((id) => trace(id ?? '').catch(() => [])));
    const incomplete = traces.filter(
      (all) =>
        !['redis', 'postgresql', 'request'].every((part) =>
          all.some((span) => partOf(span) === part),
        ),
    );
    return (
      see({ incomplete: incomplete.length }).incomplete === 0 &&
      traces.flat().filter(isOfApi).length
    );
  });
  console.log(
    `${numbers.length} requests, none missing: ${lines.length} lines of ${instances.size} replicas (${twice} twice), ${spans} spans of api`,
  );
}, 600_000);

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
