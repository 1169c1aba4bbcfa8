// The ring: one trade, and each signal of it leads to the next. Metric → trace → logs → trace → metrics, within 15 s.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { beforeAll, describe, expect, test } from 'vitest';

import { type Customer, call, cheapest, signUp, trade } from './customer.ts';
import { exemplarLabel, logsOfTrace, metricsOfSpan, traceIdOf } from './datasources.ts';
import { type LogLine, type Span, exemplars, logs, query, trace } from './lookout.ts';
import { waitFor } from './stack.ts';

/** From the answer to the trade until every signal of it is found. */
const delay = 15;

let customer: Customer;
let characterId: string;

beforeAll(async () => {
  customer = await signUp();
  characterId = await cheapest(customer);
});

function buyOne(requestId: string) {
  return trade(customer, { characterId, quantity: 1, action: 'buy' }, requestId);
}

/** The lines that carry a request's id, whichever service wrote them. */
function linesOf(requestId: string): Promise<LogLine[]> {
  return logs(`{service_name=~".+"} | requestId="${requestId}"`);
}

async function traceOf(requestId: string): Promise<string> {
  return waitFor(`a log line of request ${requestId} with a trace id`, delay, async (see) =>
    see(await linesOf(requestId))
      .map(traceIdOf)
      .find((id) => id !== undefined),
  );
}

/** Which parts of the system a span tells of. */
const parts: Record<string, (span: Span) => boolean> = {
  gateway: ({ service }) => service === 'web',
  api: ({ service, name }) => service === 'api' && name.includes('/api/trade'),
  SQL: ({ service, tags }) => service === 'api' && systemOf(tags) === 'postgresql',
  Redis: ({ tags }) => systemOf(tags) === 'redis',
  queue: ({ name }) => name === 'notifications publish',
  worker: ({ service, name }) => service === 'worker' && name === 'notification.send',
};

function systemOf(tags: Record<string, unknown>): unknown {
  return tags['db.system.name'] ?? tags['db.system'];
}

describe('a trade made with an X-Request-ID of the customer’s choice', () => {
  const requestId = `ring-${randomUUID()}`;
  let traceId: string;

  beforeAll(async () => {
    await buyOne(requestId);
    traceId = await traceOf(requestId);
  });

  test('is found by it in Loki, in what gateway and api wrote', async () => {
    await waitFor('lines of gateway and api', delay, async (see) => {
      const services = see(await linesOf(requestId)).map(({ fields }) => fields['service_name']);
      return ['web', 'api'].every((service) => services.includes(service));
    });
  });

  test('is one trace in Jaeger: gateway, api, SQL, Redis, queue and worker', async () => {
    const spans = await waitFor('spans of every part', delay, async (see) => {
      const found = await trace(traceId);
      see(
        found.map(({ service, name, tags }) => [service, name, tags['span.kind'], systemOf(tags)]),
      );
      return Object.values(parts).every((isOf) => found.some(isOf)) && found;
    });
    const ids = spans.map(({ id }) => id);
    const orphans = spans.filter(({ parent }) => parent === undefined || !ids.includes(parent));
    expect(orphans.map(({ service, name }) => [service, name])).toHaveLength(1); // the root
  });

  test('has from its trace all of its log lines, and from each of them the trace again', async () => {
    const lines = await waitFor('lines of the trace', delay, async (see) => {
      const found = see(await logs(logsOfTrace(traceId)));
      const services = found.map(({ fields }) => fields['service_name']);
      return ['web', 'api'].every((service) => services.includes(service)) && found;
    });
    expect(new Set(lines.map(traceIdOf))).toEqual(new Set([traceId]));
  });

  test('has from its spans the metrics of the service', async () => {
    const span = (await trace(traceId)).find(({ service }) => service === 'api');
    const [requests, , duration] = metricsOfSpan(span?.process ?? {});
    for (const expression of [requests, duration]) {
      await waitFor(`data for ${expression ?? 'no query'}`, delay, async (see) => {
        return see(await query(expression ?? '')).some(
          ({ metric }) => metric['route'] === '/api/trade',
        );
      });
    }
  });
});

test('an exemplar on the latency of trades leads to the trace of one', async () => {
  // Of each bucket Prometheus keeps the last request before a scrape. Trading goes on until one of ours was it.
  const run = `ring-${randomUUID()}`;
  const end = new AbortController();
  const trading = (async () => {
    for (let n = 0; !end.signal.aborted; n++) {
      await buyOne(`${run}-${n}`);
      await sleep(200);
    }
  })();

  try {
    const traceId = await waitFor('an exemplar of a trade of ours', delay, async (see) => {
      const series = await exemplars('http_request_duration_seconds_bucket{route="/api/trade"}');
      const leads = series.flatMap(({ exemplars }) =>
        exemplars.map(({ labels }) => labels[exemplarLabel()]),
      );
      const ours = (await logs(`{service_name="api"} | requestId=~"${run}-.+"`)).map(traceIdOf);
      return see({ leads, ours }).leads.find((id) => ours.includes(id));
    });
    await waitFor('the trace it leads to', delay, async (see) =>
      see(await trace(traceId)).some(({ service }) => service === 'api'),
    );
  } finally {
    end.abort();
    await trading;
  }
});

test('every answer tells its request and correlation id, the caller’s own where they are well formed', async () => {
  const given = { 'x-request-id': `ring-${randomUUID()}`, 'x-correlation-id': randomUUID() };
  const told = await call('GET', '/api/characters', { token: customer.token, headers: given });
  expect(told.headers.get('x-request-id')).toBe(given['x-request-id']);
  expect(told.headers.get('x-correlation-id')).toBe(given['x-correlation-id']);

  const hostile = { 'x-request-id': 'a"} or {x="y', 'x-correlation-id': 'x'.repeat(200) };
  const made = await call('GET', '/api/characters', { token: customer.token, headers: hostile });
  for (const header of ['x-request-id', 'x-correlation-id']) {
    expect(made.headers.get(header)).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  }
});
