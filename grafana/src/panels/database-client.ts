import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import type { Panel } from './panel.ts';

/** The database as the chosen services see them. */
const CHOSEN = 'service=~"$service", instance=~"$instance"';

export function queryDuration(width: number): Panel {
  return graph({
    title: 'Database queries: p95 by operation',
    description:
      'As the service sees them, waiting for a connection included. Bad: one line rising (an index, a lock, a table that grew), or all (the database’s disk or CPU).',
    unit: 's',
    width,
    legendTable: true,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (operation, table, le) (rate(db_query_duration_seconds_bucket{${CHOSEN}}[$__rate_interval])))`,
        legend: '{{operation}} {{table}}',
        exemplars: true,
      },
    ],
  });
}

export function queryRate(width: number): Panel {
  return graph({
    title: 'Database queries by operation',
    description:
      'Queries per second. Bad: growing faster than requests do: a query in a loop, or a cache that no longer helps.',
    unit: 'ops',
    width,
    stacked: true,
    legendTable: true,
    queries: [
      {
        expr: `sum by (operation, table) (rate(db_query_duration_seconds_count{${CHOSEN}}[$__rate_interval]))`,
        legend: '{{operation}} {{table}}',
      },
    ],
  });
}

export function pool(width: number): Panel {
  return graph({
    title: 'Connection pool',
    description:
      'Database connections of the chosen instances, and requests that wait for one. Bad: waiting above 0, or active at the maximum.',
    unit: 'short',
    width,
    queries: [
      { expr: `sum(db_pool_active_connections{${CHOSEN}})`, legend: 'active' },
      { expr: `sum(db_pool_idle_connections{${CHOSEN}})`, legend: 'idle' },
      { expr: `sum(db_pool_waiting_requests{${CHOSEN}})`, legend: 'waiting' },
      { expr: `sum(db_pool_max_connections{${CHOSEN}})`, legend: 'maximum' },
    ],
  });
}

export function poolSaturation(width: number): Panel {
  return graph({
    title: 'Connection pool in use',
    description:
      'Share of each instance’s connections that are in use. Bad: a line at the dashed one, where DatabasePoolExhaustion fires.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('DatabasePoolExhaustion'),
    queries: [
      {
        expr: `service_instance:db_pool_active_connections:ratio{${CHOSEN}}`,
        legend: '{{service}} {{instance}}',
      },
    ],
  });
}
