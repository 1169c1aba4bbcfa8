import { expect, test } from 'vitest';

import { listTable, resultTable, roughly } from './table.ts';

test('results are a line each, with why it failed below', () => {
  const table = resultTable([
    {
      drill: 'redis-down',
      alert: 'DependencyDown redis',
      detected: 12.4,
      notified: 22.6,
      resolved: 40,
      failures: [],
    },
    { drill: 'prometheus-down', alert: "the inbox's alarm", failures: ['waited 240 s for it'] },
  ]);
  expect(table).toBe(
    [
      'drill            alert                 detected after  notified after  resolved after',
      'redis-down       DependencyDown redis  12 s            23 s            40 s            ✓',
      "prometheus-down  the inbox's alarm     –               –               –               ✗",
      '✗ prometheus-down: waited 240 s for it',
    ].join('\n'),
  );
});

test('the list says what is done, what it must raise, and after how long', () => {
  const by = { break: () => Promise.resolve(), heal: () => Promise.resolve() };
  const raises = { alertname: 'DependencyDown', labels: { service: 'redis' } };
  expect(listTable([{ name: 'redis-down', what: 'Stops Redis.', by, raises, seconds: 60 }])).toBe(
    [
      'NAME        what it does  raises                after about',
      'redis-down  Stops Redis.  DependencyDown redis  60 s',
    ].join('\n'),
  );
});

test.each([
  [60, '60 s'],
  [100, '2 min'],
  [600, '10 min'],
])('%s seconds are roughly %s', (seconds, text) => {
  expect(roughly(seconds)).toBe(text);
});
