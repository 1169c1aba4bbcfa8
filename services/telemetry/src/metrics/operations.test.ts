import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { series } from '../testing/app.ts';
import { observeOperations } from './operations.ts';
import { createRegistry } from './registry.ts';

test('observes performance.measure under its name, forgets the measure, and stays bounded', async () => {
  const registry = createRegistry({ version: '1', revision: 'abc' });
  const stop = observeOperations(registry);
  performance.measure('price.tick', { start: 0, duration: 200 });
  performance.measure('price.tick', { start: 0, duration: 300 });
  await turn();
  for (let number = 0; number < 1_000; number += 1) {
    performance.measure(`made up ${number}`, { start: 0, duration: 1 });
  }
  await turn();
  await turn();
  stop();
  const text = await registry.metrics();
  expect(series(text, 'operation_duration_seconds_sum{operation="price.tick"}')).toBeCloseTo(0.5);
  expect(series(text, 'operation_duration_seconds_count{operation="price.tick"}')).toBe(2);
  expect(text.match(/^operation_duration_seconds_count/gm)).toHaveLength(51);
  expect(series(text, 'operation_duration_seconds_count{operation="other"}')).toBe(951);
  expect(performance.getEntriesByType('measure')).toEqual([]);
});
