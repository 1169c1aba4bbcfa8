import { Counter, Gauge, Histogram } from 'prom-client';
import { exemplar } from '../tracing/span.ts';
import type { Registry } from './registry.ts';

// Few, because there are as many as kinds of queries times this; the slow ones are counted by themselves.
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5];
const SLOW_SECONDS = 0.1;

/** What is read of a connection pool; a `pg.Pool` has it. */
export interface PoolState {
  /** Open connections. */
  readonly totalCount: number;
  /** Those of them that wait for work. */
  readonly idleCount: number;
  /** Callers that wait for a connection. */
  readonly waitingCount: number;
}

export interface DatabaseMetrics {
  observePool: (pool: PoolState, max: number) => void;
  observeQuery: <T>(operation: string, table: string, run: () => Promise<T>) => Promise<T>;
}

/** Query times and the state of connection pools; several pools of a process are summed. */
export function createDatabaseMetrics(registry: Registry): DatabaseMetrics {
  const registers = [registry];
  const duration = new Histogram({
    name: 'db_query_duration_seconds',
    help: 'Time of a database query as its caller sees it, waiting for a connection included.',
    labelNames: ['operation', 'table'],
    buckets: BUCKETS,
    enableExemplars: true,
    registers,
  });
  const slow = new Counter({
    name: 'db_slow_queries_total',
    help: 'Database queries over 100 ms.',
    labelNames: ['operation', 'table'],
    registers,
  });
  const pools: { pool: PoolState; max: number }[] = [];

  function poolGauge(
    name: string,
    help: string,
    value: (pool: PoolState, max: number) => number,
  ): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(pools.reduce((sum, { pool, max }) => sum + value(pool, max), 0));
      },
    });
  }

  return {
    observePool(pool, max) {
      pools.push({ pool, max });
      if (pools.length > 1) return;
      // Only with a pool: a service without a database has no such gauges, and no alert that divides by zero.
      poolGauge(
        'db_pool_active_connections',
        'Database connections in use.',
        ({ totalCount, idleCount }) => totalCount - idleCount,
      );
      poolGauge(
        'db_pool_idle_connections',
        'Open database connections that wait for work.',
        (p) => p.idleCount,
      );
      poolGauge(
        'db_pool_waiting_requests',
        'Callers that wait for a database connection.',
        (p) => p.waitingCount,
      );
      poolGauge(
        'db_pool_max_connections',
        'Most database connections the pools may open.',
        (_, max) => max,
      );
    },
    async observeQuery(operation, table, run) {
      const start = performance.now();
      try {
        return await run();
      } finally {
        const seconds = (performance.now() - start) / 1000;
        duration.observe({
          labels: { operation, table },
          value: seconds,
          exemplarLabels: exemplar(),
        });
        if (seconds > SLOW_SECONDS) slow.inc({ operation, table });
      }
    },
  };
}
