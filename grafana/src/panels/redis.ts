import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redAbove, redBelow, redFrom, type Panel } from './panel.ts';
import { ratioGraph, ratioStat } from './ratio.ts';
import { stat } from './stat.ts';

/** The caches as the chosen services use them. */
const CHOSEN = 'service=~"$service", instance=~"$instance"';

/** Commands that work; a worker's wait for its next job is none. */
const WORKING = 'cmd!~"b[lz].*|xread.*|subscribe|psubscribe"';

const MEMORY_OF_LIMIT = 'redis_memory_used_bytes / (redis_memory_max_bytes > 0)';

export function hitRatio(width: number): Panel {
  return ratioStat({
    title: 'Cache hits',
    description:
      'Share of the look-ups of the last 5 minutes that the caches answered. Bad: red, below which LowCacheHitRate fires for one cache: the database does the work that they are there for.',
    width,
    decimals: 1,
    thresholds: redBelow(thresholdOf('LowCacheHitRate')),
    part: lookUps('hits', '', '5m'),
    whole: bothOf('', '5m'),
  });
}

export function memoryUsed(width: number): Panel {
  return stat({
    title: 'Memory of the limit',
    description:
      'Share of maxmemory that is used. Bad: red, which is where RedisMemoryHigh fires: soon writes are refused, or keys thrown away.',
    unit: 'percentunit',
    decimals: 1,
    width,
    thresholds: redFrom(thresholdOf('RedisMemoryHigh')),
    expr: `max(${MEMORY_OF_LIMIT})`,
  });
}

export function evictedNow(width: number): Panel {
  return stat({
    title: 'Keys evicted, 5 min',
    description:
      'Keys that were thrown away for want of memory. Bad: red, which is any, and where RedisEvictions fires: jobs and sessions are among them.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redAbove(thresholdOf('RedisEvictions')),
    expr: 'sum(increase(redis_evicted_keys_total[5m]))',
  });
}

export function meanCommand(width: number): Panel {
  return stat({
    title: 'A command takes',
    description:
      'Mean time that Redis works on a command, over 5 minutes; those that wait on purpose are left out. Bad: over a millisecond: one thread works off all of them.',
    unit: 's',
    width,
    expr: `sum(rate(redis_commands_duration_seconds_total{${WORKING}}[5m])) / sum(rate(redis_commands_total{${WORKING}}[5m]))`,
  });
}

export function hitsByCache(width: number): Panel {
  return ratioGraph({
    title: 'Hits by cache',
    description:
      'Share of look-ups that each cache answered, by service. Bad: below the dashed line, where LowCacheHitRate fires.',
    width,
    max: 1,
    limit: thresholdOf('LowCacheHitRate'),
    part: lookUps('hits', 'service, cache_type'),
    whole: bothOf('service, cache_type'),
    legend: '{{service}} {{cache_type}}',
  });
}

export function lookUpRate(width: number): Panel {
  return graph({
    title: 'Look-ups',
    description:
      'Per second, by cache and outcome. Bad: misses that rise alone: keys expire too early, or Redis is away.',
    unit: 'ops',
    width,
    stacked: true,
    queries: [
      { expr: lookUps('hits', 'cache_type'), legend: '{{cache_type}} hits' },
      { expr: lookUps('misses', 'cache_type'), legend: '{{cache_type}} misses' },
    ],
  });
}

export function keyspaceHits(width: number): Panel {
  const hits = 'sum by (instance) (rate(redis_keyspace_hits_total[$__rate_interval]))';
  const misses = 'sum by (instance) (rate(redis_keyspace_misses_total[$__rate_interval]))';
  return ratioGraph({
    title: 'Hits as Redis counts them',
    description:
      'Share of all reads of keys that found one: of caches, queues and limits alike, so it is lower than that of the caches. Bad: a fall without a deployment.',
    width,
    max: 1,
    part: hits,
    whole: `(${hits} + ${misses})`,
    legend: 'hits',
  });
}

export function memory(width: number): Panel {
  return graph({
    title: 'Memory',
    description:
      'What Redis uses, what the system gave it, and the most it may. Bad: used near the limit, or resident far above used: memory in pieces.',
    unit: 'bytes',
    width,
    queries: [
      { expr: 'sum(redis_memory_used_bytes)', legend: 'used' },
      { expr: 'sum(redis_memory_used_rss_bytes)', legend: 'resident' },
      { expr: 'sum(redis_memory_max_bytes)', legend: 'limit' },
    ],
  });
}

export function memoryOfLimit(width: number): Panel {
  return graph({
    title: 'Share of the memory limit',
    description: 'Bad: at the dashed line, where RedisMemoryHigh fires.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('RedisMemoryHigh'),
    queries: [{ expr: MEMORY_OF_LIMIT, legend: 'used' }],
  });
}

export function goneKeys(width: number): Panel {
  return graph({
    title: 'Keys expired and evicted',
    description:
      'Keys per second that went because their time was over, or for want of memory. Bad: any evicted.',
    unit: 'ops',
    width,
    queries: [
      { expr: 'sum(rate(redis_expired_keys_total[$__rate_interval]))', legend: 'expired' },
      { expr: 'sum(rate(redis_evicted_keys_total[$__rate_interval]))', legend: 'evicted' },
    ],
  });
}

export function keys(width: number): Panel {
  return graph({
    title: 'Keys',
    description:
      'Keys there are, and those of them that will expire. Bad: a number that only climbs: keys are left behind for ever.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [
      { expr: 'sum(redis_db_keys)', legend: 'all' },
      { expr: 'sum(redis_db_keys_expiring)', legend: 'will expire' },
    ],
  });
}

export function commandRate(width: number): Panel {
  return graph({
    title: 'Commands',
    description:
      'Per second, the ten most frequent. Bad: growing faster than requests do: a loop over keys.',
    unit: 'ops',
    width,
    stacked: true,
    legendTable: true,
    queries: [
      {
        expr: `sum by (cmd) (rate(redis_commands_total[$__rate_interval])) and topk(10, sum by (cmd) (increase(redis_commands_total[$__range] @ end())))`,
        legend: '{{cmd}}',
      },
    ],
  });
}

export function commandTime(width: number): Panel {
  const each = (metric: string) => `sum by (cmd) (rate(${metric}{${WORKING}}[$__rate_interval]))`;
  return graph({
    title: 'Time of a command',
    description:
      'Mean time that Redis works on one, of the ten that take most time. Bad: one over a millisecond: it holds up all others; the slow log names its keys.',
    unit: 's',
    width,
    legendTable: true,
    queries: [
      {
        expr: `${each('redis_commands_duration_seconds_total')} / (${each('redis_commands_total')} > 0) and topk(10, sum by (cmd) (increase(redis_commands_duration_seconds_total{${WORKING}}[$__range] @ end())))`,
        legend: '{{cmd}}',
      },
    ],
  });
}

export function refusedCommands(width: number): Panel {
  return graph({
    title: 'Commands that fail',
    description:
      'Per minute: answered with an error, or refused before they were tried. Bad: any that goes on: out of memory, a wrong type, no permission.',
    unit: 'opm',
    width,
    queries: [
      {
        expr: '60 * sum(rate(redis_commands_failed_calls_total[$__rate_interval]))',
        legend: 'failed',
      },
      {
        expr: '60 * sum(rate(redis_commands_rejected_calls_total[$__rate_interval]))',
        legend: 'refused',
      },
    ],
  });
}

export function cpu(width: number): Panel {
  return graph({
    title: 'CPU',
    description:
      'CPU of Redis; 100 % is one core. Bad: near 100 %: commands are worked off one by one.',
    unit: 'percentunit',
    width,
    queries: [
      {
        expr: 'sum(rate(redis_cpu_user_seconds_total[$__rate_interval])) + sum(rate(redis_cpu_sys_seconds_total[$__rate_interval]))',
        legend: 'redis',
      },
    ],
  });
}

export function clients(width: number): Panel {
  return graph({
    title: 'Clients',
    description:
      'Connections, and those that wait on purpose for a job or a message. Bad: a number that only climbs, or 0.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [
      { expr: 'sum(redis_connected_clients)', legend: 'connected' },
      { expr: 'sum(redis_blocked_clients)', legend: 'waiting' },
    ],
  });
}

export function persistence(width: number): Panel {
  return graph({
    title: 'Changes not yet in a snapshot',
    description:
      'What would be read from the append-only file after a crash. Bad: climbing without end: snapshots fail.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [{ expr: 'sum(redis_rdb_changes_since_last_save)', legend: 'changes' }],
  });
}

function lookUps(outcome: 'hits' | 'misses', by: string, window = '$__rate_interval'): string {
  return `sum by (${by}) (rate(cache_${outcome}_total{${CHOSEN}}[${window}]))`;
}

/** Hits and misses, also where there has been no hit, or no miss, yet. */
function bothOf(by: string, window?: string): string {
  const [hits, misses] = [lookUps('hits', by, window), lookUps('misses', by, window)];
  return `((${hits} or 0 * ${misses}) + (${misses} or 0 * ${hits}))`;
}
