import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { logTail } from './logs.ts';
import { redAbove, redFrom, type Panel } from './panel.ts';
import { quantile } from './percentiles.ts';
import { ratio, ratioGraph, ratioStat } from './ratio.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** As the chosen services see their queries … */
const CHOSEN = 'service=~"$service", instance=~"$instance"';
/** … and as PostgreSQL sees itself; its own databases are left out. */
const OURS = 'datname!~"postgres|template.*"';

const CONNECTIONS_OF_LIMIT =
  'sum by (instance) (pg_stat_database_numbackends) / on (instance) max by (instance) (pg_settings_max_connections)';

export function p95(width: number): Panel {
  return stat({
    title: 'Queries, p95',
    description:
      'Nineteen of twenty queries of the last 5 minutes took less, waiting for a connection included. Bad: over 25 ms where requests wait for them.',
    unit: 's',
    width,
    expr: quantile({
      q: 0.95,
      metric: 'db_query_duration_seconds',
      selector: CHOSEN,
      window: '5m',
    }),
  });
}

export function slowShare(width: number): Panel {
  return ratioStat({
    title: 'Slow queries',
    description:
      'Share of the queries of the last 5 minutes that took over 100 ms. Bad: red, which is where SlowQueries fires for one service.',
    width,
    thresholds: redFrom(thresholdOf('SlowQueries')),
    part: `sum(rate(db_slow_queries_total{${CHOSEN}}[5m]))`,
    whole: `sum(rate(db_query_duration_seconds_count{${CHOSEN}}[5m]))`,
  });
}

export function fullestPool(width: number): Panel {
  return stat({
    title: 'Fullest pool',
    description:
      'Share of its connections that a process uses, where it is most. Bad: red, which is where DatabasePoolExhaustion fires: requests queue for a connection.',
    unit: 'percentunit',
    width,
    thresholds: redFrom(thresholdOf('DatabasePoolExhaustion')),
    expr: `max(service_instance:db_pool_active_connections:ratio{${CHOSEN}})`,
  });
}

export function connectionsUsed(width: number): Panel {
  return stat({
    title: 'Connections of the limit',
    description:
      'Share of max_connections that is taken. Bad: red, which is where DatabaseConnectionsHigh fires: soon nobody else gets in.',
    unit: 'percentunit',
    width,
    thresholds: redFrom(thresholdOf('DatabaseConnectionsHigh')),
    expr: `max(${CONNECTIONS_OF_LIMIT})`,
  });
}

export function deadlocksNow(width: number): Panel {
  return stat({
    title: 'Deadlocks, 15 min',
    description:
      'Transactions that PostgreSQL ended because they waited for each other. Bad: red, which is where DeadlocksRising fires.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('DeadlocksRising')),
    expr: `sum(increase(pg_stat_database_deadlocks{${OURS}}[15m]))`,
  });
}

export function longestTransaction(width: number): Panel {
  return stat({
    title: 'Longest transaction',
    description:
      'How long the oldest transaction has been open. Bad: minutes: it holds its locks, and keeps dead rows from being cleared.',
    unit: 's',
    width,
    expr: `max(pg_stat_activity_max_tx_duration{${OURS}, state!="idle"})`,
  });
}

export function queriesTable(width: number): Panel {
  const by = 'operation, table';
  const count = `sum by (${by}) (rate(db_query_duration_seconds_count{${CHOSEN}}[5m]))`;
  return table({
    title: 'Queries',
    description:
      'Each operation on each table over the last 5 minutes, the one that takes most time first. Bad: a p95 over 25 ms, a share of slow ones, or a rate that grows faster than requests do.',
    width,
    height: 10,
    rows: { operation: 'Operation', table: 'Table' },
    sortBy: 'Time, s/s',
    columns: [
      { title: 'Queries/s', expr: count, unit: 'short', decimals: 2 },
      {
        title: 'Time, s/s',
        expr: `sum by (${by}) (rate(db_query_duration_seconds_sum{${CHOSEN}}[5m]))`,
        unit: 's',
      },
      ...[0.5, 0.95].map((q) => ({
        title: `p${q * 100}`,
        expr: `${quantile({ q, metric: 'db_query_duration_seconds', selector: CHOSEN, by: ['operation', 'table'], window: '5m' })} >= 0`,
        unit: 's',
      })),
      {
        title: 'Slow',
        expr: ratio({
          part: `sum by (${by}) (rate(db_slow_queries_total{${CHOSEN}}[5m]))`,
          whole: count,
        }),
        unit: 'percentunit',
        decimals: 2,
      },
    ],
  });
}

export function slowByQuery(width: number): Panel {
  return graph({
    title: 'Slow queries by operation',
    description:
      'Queries over 100 ms, a minute. Bad: any line of the API; the log of PostgreSQL below has the statements.',
    unit: 'opm',
    width,
    whenEmpty: 'No query was slow',
    emptyWhenHealthy: 'queries take milliseconds; drill slow-sql fills it',
    queries: [
      {
        expr: `60 * sum by (operation, table) (rate(db_slow_queries_total{${CHOSEN}}[$__rate_interval]))`,
        legend: '{{operation}} {{table}}',
      },
    ],
  });
}

export function connections(width: number): Panel {
  return graph({
    title: 'Sessions by state',
    description:
      'As PostgreSQL sees them. Bad: `idle in transaction` that stays: code that forgot to end a transaction.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    queries: [
      { expr: `sum by (state) (pg_stat_activity_count{${OURS}}) > 0`, legend: '{{state}}' },
    ],
  });
}

export function connectionsOfLimit(width: number): Panel {
  return graph({
    title: 'Sessions of the limit',
    description:
      'Share of max_connections that is taken. Bad: at the dashed line, where DatabaseConnectionsHigh fires.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('DatabaseConnectionsHigh'),
    queries: [{ expr: CONNECTIONS_OF_LIMIT, legend: 'sessions' }],
  });
}

export function locks(width: number): Panel {
  return graph({
    title: 'Locks by mode',
    description:
      'Locks that are held or waited for. Bad: accessexclusivelock for longer than a migration takes, or a number that only climbs.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [{ expr: `sum by (mode) (pg_locks_count{${OURS}}) > 0`, legend: '{{mode}}' }],
  });
}

export function transactions(width: number): Panel {
  return graph({
    title: 'Transactions',
    description:
      'Per second. Bad: rollbacks that grow with the commits: what is started fails half-way.',
    unit: 'ops',
    width,
    queries: [
      {
        expr: `sum(rate(pg_stat_database_xact_commit{${OURS}}[$__rate_interval]))`,
        legend: 'committed',
      },
      {
        expr: `sum(rate(pg_stat_database_xact_rollback{${OURS}}[$__rate_interval]))`,
        legend: 'rolled back',
      },
    ],
  });
}

export function deadlocks(width: number): Panel {
  return graph({
    title: 'Deadlocks',
    description: 'Within 15 minutes. Bad: over the dashed line, where DeadlocksRising fires.',
    unit: 'short',
    decimals: 0,
    width,
    limit: thresholdOf('DeadlocksRising'),
    queries: [
      {
        expr: `sum by (datname) (increase(pg_stat_database_deadlocks{${OURS}}[15m]))`,
        legend: '{{datname}}',
      },
    ],
  });
}

export function rows(width: number): Panel {
  const rate = (what: string) =>
    `sum(rate(pg_stat_database_tup_${what}{${OURS}}[$__rate_interval]))`;
  return graph({
    title: 'Rows',
    description:
      'Rows per second: read by scans (returned), found by indexes (fetched), and written. Bad: returned many times fetched: whole tables are read where an index is missing.',
    unit: 'rowsps',
    width,
    queries: ['returned', 'fetched', 'inserted', 'updated', 'deleted'].map((what) => ({
      expr: rate(what),
      legend: what,
    })),
  });
}

export function pageCache(width: number): Panel {
  const hit = `sum by (datname) (rate(pg_stat_database_blks_hit{${OURS}}[5m]))`;
  const read = `sum by (datname) (rate(pg_stat_database_blks_read{${OURS}}[5m]))`;
  return ratioGraph({
    title: 'Page cache hits',
    description:
      'Share of pages that PostgreSQL had in memory. Bad: under 99 % for long: what is read often no longer fits in shared_buffers.',
    width,
    max: 1,
    part: hit,
    whole: `(${hit} + ${read})`,
    legend: '{{datname}}',
  });
}

export function temporaryFiles(width: number): Panel {
  return graph({
    title: 'Temporary files',
    description:
      'Bytes per second that sorts and joins wrote to disk. Bad: anything for long: work_mem is too small for a query, or a query is too big.',
    unit: 'Bps',
    width,
    queries: [
      {
        expr: `sum by (datname) (rate(pg_stat_database_temp_bytes{${OURS}}[$__rate_interval]))`,
        legend: '{{datname}}',
      },
    ],
  });
}

export function sizes(width: number): Panel {
  return graph({
    title: 'Size',
    description:
      'Of the database and of the write-ahead log. Bad: steeper than the business grows; or a log that is not cleared: something that should read it does not.',
    unit: 'bytes',
    width,
    queries: [
      { expr: `sum by (datname) (pg_database_size_bytes{${OURS}})`, legend: '{{datname}}' },
      { expr: 'sum(pg_wal_size_bytes)', legend: 'write-ahead log' },
    ],
  });
}

export function copyAges(width: number): Panel {
  return graph({
    title: 'Age of copies',
    description:
      'How far a replica, and the archive of the write-ahead log, are behind: what a lost database would be restored from. This stack has neither: 0, and no line. Bad: a minute of the replica, an hour of the archive (ReplicationOrBackupStale).',
    unit: 's',
    width,
    queries: [
      { expr: 'max by (instance) (pg_replication_lag_seconds)', legend: 'replica, {{instance}}' },
      {
        expr: 'max by (instance) (pg_stat_archiver_last_archive_age)',
        legend: 'archive, {{instance}}',
      },
    ],
  });
}

export function tablesTable(width: number): Panel {
  const live = 'sum by (relname) (pg_stat_user_tables_n_live_tup)';
  const dead = 'sum by (relname) (pg_stat_user_tables_n_dead_tup)';
  return table({
    title: 'Tables',
    description:
      'The largest first. Bad: dead rows near or over the live ones (bloat: vacuum does not keep up), a large table that was never vacuumed (56 years ago), or many rows read by whole scans of it.',
    width,
    height: 10,
    rows: { relname: 'Table' },
    sortBy: 'Size',
    columns: [
      {
        title: 'Size',
        expr: 'sum by (relname) (pg_stat_user_tables_size_bytes)',
        unit: 'bytes',
      },
      { title: 'Live rows', expr: live, unit: 'short' },
      {
        title: 'Dead rows',
        expr: `${dead} / (${dead} + ${live} > 0)`,
        unit: 'percentunit',
        decimals: 1,
      },
      {
        title: 'Vacuumed',
        expr: '1000 * max by (relname) (pg_stat_user_tables_last_autovacuum)',
        unit: 'dateTimeFromNow',
      },
      {
        title: 'Read by scans/s',
        expr: 'sum by (relname) (rate(pg_stat_user_tables_seq_tup_read[5m]))',
        unit: 'short',
        decimals: 1,
      },
      {
        title: 'Read by indexes/s',
        expr: 'sum by (relname) (rate(pg_stat_user_tables_idx_tup_fetch[5m]))',
        unit: 'short',
        decimals: 1,
      },
    ],
  });
}

export function serverLog(width: number): Panel {
  return logTail({
    title: 'What PostgreSQL says',
    description:
      'Slow statements, waits for locks, deadlocks, refused logins, checkpoints. Bad: the same statement again and again, or FATAL.',
    width,
    selector: '{service_name="postgres"}',
  });
}
