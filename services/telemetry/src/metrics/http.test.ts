import { expect, test } from 'vitest';
import { series } from '../testing/app.ts';
import { createHttpMetrics, type FinishedRequest } from './http.ts';
import { createRegistry } from './registry.ts';

const finished = {
  method: 'GET',
  route: '/api/trades',
  status: 200,
  seconds: 0.1,
  bytes: 1,
  errorType: undefined,
  span: undefined,
};

function setUp() {
  const registry = createRegistry({ version: '1', revision: 'abc' });
  const metrics = createHttpMetrics(registry);
  return {
    ends: (request: Partial<FinishedRequest>) => {
      metrics.begin();
      metrics.end({ ...finished, ...request });
    },
    scrape: () => registry.metrics(),
  };
}

test('tells a bounded number of routes apart, whatever they are called, and counts the rest together', async () => {
  const { ends, scrape } = setUp();
  for (let number = 0; number < 10_000; number += 1) ends({ route: `/made-up/${number}` });
  const text = await scrape();
  expect(text.split('\n').filter((line) => !line.startsWith('#')).length).toBeLessThan(1_200);
  const count = 'http_requests_total';
  expect(series(text, `${count}{method="GET",route="/made-up/0",status_code="200"}`)).toBe(1);
  expect(series(text, `${count}{method="other",route="unmatched",status_code="2xx"}`)).toBe(9_920);
});

test('errors take no room from what goes well, and callers none from our own faults', async () => {
  const { ends, scrape } = setUp();
  for (let number = 0; number < 300; number += 1) {
    ends({ route: `/${number}`, status: 404, errorType: 'client' });
  }
  ends({ route: '/api/trades', status: 201 });
  ends({ route: '/api/trades', status: 503, errorType: 'unknown' });
  const text = await scrape();
  const timed = 'http_request_duration_seconds_count';
  for (const status of [201, 503]) {
    const labels = `method="GET",route="/api/trades",status_code="${status}"`;
    expect(series(text, `${timed}{${labels}}`)).toBe(1);
  }
  expect(series(text, `${timed}{method="other",route="unmatched",status_code="4xx"}`)).toBe(296);
  const good = 'http_requests_total{method="GET",route="/api/trades",status_code="201"}';
  expect(series(text, good)).toBe(1);
  // Counters have room for them.
  const errors = 'http_requests_errors_total{method="GET",route="/99",type="client"}';
  expect(series(text, errors)).toBe(1);
});

test('a method that a path does not have is no route, and HEAD is that of GET', async () => {
  const { ends, scrape } = setUp();
  for (const method of ['PUT', 'PATCH', 'PROPFIND']) ends({ method, status: 405 });
  ends({ method: 'HEAD' });
  const text = await scrape();
  const count = 'http_requests_total';
  expect(series(text, `${count}{method="other",route="unmatched",status_code="405"}`)).toBe(3);
  expect(series(text, `${count}{method="GET",route="/api/trades",status_code="200"}`)).toBe(1);
});
