import { expect, test } from 'vitest';
import { createHttpMetrics } from './http.ts';
import { createRegistry } from './registry.ts';

test('tells a bounded number of routes apart, whatever they are called', async () => {
  const registry = createRegistry({ version: '1', revision: 'abc' });
  const metrics = createHttpMetrics(registry);
  for (let number = 0; number < 10_000; number += 1) {
    const route = `/made-up/${number}`;
    metrics.begin();
    metrics.end({
      method: 'GET',
      route,
      status: 200,
      seconds: 0.1,
      bytes: 1,
      errorType: undefined,
      span: undefined,
    });
  }
  const text = await registry.metrics();
  expect(text.split('\n').filter((line) => !line.startsWith('#')).length).toBeLessThan(2_000);
  expect(text).toContain(
    'http_requests_total{method="GET",route="/made-up/0",status_code="200"} 1',
  );
  expect(text).toContain(
    'http_requests_total{method="GET",route="unmatched",status_code="200"} 9920',
  );
});
