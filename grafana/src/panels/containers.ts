import { thresholdOf } from '../rules.ts';
import { fromLabel, several } from '../variables.ts';
import { barGauge } from './bar-gauge.ts';
import { graph } from './graph.ts';
import { redFrom, type Panel } from './panel.ts';
import { table } from './table.ts';

/** Containers of this compose project, as cAdvisor sees them. */

export const container = several(
  fromLabel('container_service', 'Container', 'container_start_time_seconds'),
);

/** Whatever else runs on the machine has other people to look after it. */
const CHOSEN = 'container_service=~"$container_service", container_project=~"crows-nest.*"';

const MEMORY = `max by (name) (container_memory_rss{${CHOSEN}})`;
const LIMIT = `max by (name) (container_spec_memory_limit_bytes{${CHOSEN}} > 0)`;

export function containerTable(width: number): Panel {
  return table({
    title: 'Containers',
    description:
      'What each takes now, the one with the most CPU first. Bad: a red cell, where MemoryNearLimit or ContainerRestarting would fire; or a start that nobody made.',
    width,
    height: 11,
    rows: { name: 'Container' },
    sortBy: 'CPU',
    columns: [
      {
        title: 'CPU',
        expr: `sum by (name) (rate(container_cpu_usage_seconds_total{${CHOSEN}}[5m]))`,
        unit: 'percentunit',
        decimals: 1,
      },
      { title: 'Memory', expr: MEMORY, unit: 'bytes' },
      { title: 'Memory limit', expr: LIMIT, unit: 'bytes' },
      {
        title: 'Of its limit',
        expr: `${MEMORY} / ${LIMIT}`,
        unit: 'percentunit',
        decimals: 0,
        limit: thresholdOf('MemoryNearLimit'),
      },
      {
        title: 'Starts in 15 min',
        expr: `max by (name) (changes(container_start_time_seconds{${CHOSEN}}[15m]))`,
        unit: 'short',
        // Above, not from it on, as the alert has it.
        limit: thresholdOf('ContainerRestarting') + 1e-6,
      },
      {
        title: 'Started',
        expr: `1000 * max by (name) (container_start_time_seconds{${CHOSEN}})`,
        unit: 'dateTimeFromNow',
      },
    ],
  });
}

export function cpuByContainer(width: number): Panel {
  return graph({
    title: 'CPU by container',
    description: '100 % is one core. Bad: a Node service near 100 %: JavaScript runs on one core.',
    unit: 'percentunit',
    width,
    stacked: true,
    legendTable: true,
    queries: [
      {
        expr: `sum by (name) (rate(container_cpu_usage_seconds_total{${CHOSEN}}[$__rate_interval]))`,
        legend: '{{name}}',
      },
    ],
  });
}

export function memoryByContainer(width: number): Panel {
  return graph({
    title: 'Memory by container',
    description:
      'The processes’ own; what the kernel keeps of files is left out. Bad: one that only grows.',
    unit: 'bytes',
    width,
    stacked: true,
    legendTable: true,
    queries: [{ expr: MEMORY, legend: '{{name}}' }],
  });
}

export function memoryOfLimit(width: number): Panel {
  return barGauge({
    title: 'Memory, of its limit',
    description: 'At 100 % a container is killed. Bad: red, which is where MemoryNearLimit fires.',
    unit: 'percentunit',
    decimals: 0,
    width,
    height: 11,
    max: 1,
    thresholds: redFrom(thresholdOf('MemoryNearLimit')),
    expr: `sort_desc(${MEMORY} / ${LIMIT})`,
    legend: '{{name}}',
  });
}

export function throttled(width: number): Panel {
  return graph({
    title: 'Held back by a CPU limit',
    description:
      'Share of a container’s scheduling periods in which it was stopped. Bad: a line at the dashed one, where CpuThrottled fires.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('CpuThrottled'),
    queries: [
      {
        expr: `max by (name) (rate(container_cpu_cfs_throttled_periods_total{${CHOSEN}}[$__rate_interval]) / rate(container_cpu_cfs_periods_total{${CHOSEN}}[$__rate_interval]))`,
        legend: '{{name}}',
      },
    ],
    whenEmpty: 'No container has a CPU limit',
    emptyWhenHealthy: 'the compose files set no CPU limit; `cpus:` in one fills it',
  });
}

export function received(width: number): Panel {
  return network({
    title: 'Network: received',
    description: 'Bytes by container. Bad: one far above the others that nobody asked for.',
    width,
    metric: 'container_network_receive_bytes_total',
  });
}

export function sent(width: number): Panel {
  return network({
    title: 'Network: sent',
    description:
      'Bytes by container. Bad: Postgres far above the API: queries that bring too much.',
    width,
    metric: 'container_network_transmit_bytes_total',
  });
}

export function networkErrors(width: number): Panel {
  return graph({
    title: 'Network: errors and drops',
    description: 'Packets a second, in both directions, all containers. Bad: any.',
    unit: 'pps',
    width,
    queries: [
      {
        expr: `sum(rate(container_network_receive_errors_total{${CHOSEN}}[$__rate_interval])) + sum(rate(container_network_transmit_errors_total{${CHOSEN}}[$__rate_interval]))`,
        legend: 'errors',
      },
      {
        expr: `sum(rate(container_network_receive_packets_dropped_total{${CHOSEN}}[$__rate_interval])) + sum(rate(container_network_transmit_packets_dropped_total{${CHOSEN}}[$__rate_interval]))`,
        legend: 'dropped',
      },
    ],
  });
}

function network(options: {
  title: string;
  description: string;
  width: number;
  metric: string;
}): Panel {
  const { metric, ...text } = options;
  return graph({
    ...text,
    unit: 'Bps',
    stacked: true,
    queries: [
      { expr: `sum by (name) (rate(${metric}{${CHOSEN}}[$__rate_interval]))`, legend: '{{name}}' },
    ],
  });
}
