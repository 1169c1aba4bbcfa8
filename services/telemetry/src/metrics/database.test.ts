import { expect, test } from 'vitest';
import { series } from '../testing/app.ts';
import { traceInMemory } from '../testing/tracing.ts';
import { inSpan } from '../tracing/span.ts';
import { createCacheMetrics } from './cache.ts';
import { createDatabaseMetrics } from './database.ts';
import { createRegistry } from './registry.ts';

const registry = () => createRegistry({ version: '1', revision: 'abc' });

test('times a query, with the trace as exemplar, and gives its answer back', async () => {
  using tracing = traceInMemory();
  const metrics = registry();
  const { observeQuery } = createDatabaseMetrics(metrics);
  const rows = await inSpan('trade', {}, () =>
    observeQuery('select', 'trades', () => Promise.resolve(['row'])),
  );
  expect(rows).toEqual(['row']);
  const text = await metrics.metrics();
  expect(series(text, 'db_query_duration_seconds_count{operation="select",table="trades"}')).toBe(
    1,
  );
  expect(text).toContain(`trace_id="${tracing.spans()[0]?.spanContext().traceId ?? 'none'}"`);
  expect(text).not.toContain('db_slow_queries_total{');
});

test('counts a failed query too, and a slow one as slow', async () => {
  const metrics = registry();
  const { observeQuery } = createDatabaseMetrics(metrics);
  const slowFailure = () =>
    new Promise<never>((_resolve, reject) => {
      setTimeout(() => {
        reject(new Error('deadlock'));
      }, 120);
    });
  await expect(observeQuery('update', 'accounts', slowFailure)).rejects.toThrow('deadlock');
  const text = await metrics.metrics();
  expect(series(text, 'db_query_duration_seconds_count{operation="update",table="accounts"}')).toBe(
    1,
  );
  expect(series(text, 'db_slow_queries_total{operation="update",table="accounts"}')).toBe(1);
});

test('shows the state of pools as it is when it is asked, all pools together', async () => {
  const metrics = registry();
  const { observePool } = createDatabaseMetrics(metrics);
  expect(await metrics.metrics()).not.toContain('db_pool');
  const pool = { totalCount: 0, idleCount: 0, waitingCount: 0 };
  observePool(pool, 10);
  observePool({ totalCount: 1, idleCount: 0, waitingCount: 0 }, 2);
  Object.assign(pool, { totalCount: 8, idleCount: 3, waitingCount: 4 });
  const text = await metrics.metrics();
  expect(series(text, 'db_pool_active_connections')).toBe(6);
  expect(series(text, 'db_pool_idle_connections')).toBe(3);
  expect(series(text, 'db_pool_waiting_requests')).toBe(4);
  expect(series(text, 'db_pool_max_connections')).toBe(12);
});

test('counts hits and misses of each cache', async () => {
  const metrics = registry();
  const { cacheHit, cacheMiss } = createCacheMetrics(metrics);
  cacheHit('quotes');
  cacheHit('quotes');
  cacheMiss('sessions');
  const text = await metrics.metrics();
  expect(series(text, 'cache_hits_total{cache_type="quotes"}')).toBe(2);
  expect(series(text, 'cache_misses_total{cache_type="sessions"}')).toBe(1);
});
