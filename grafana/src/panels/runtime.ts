import { toDetails } from '../links.ts';
import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redFrom, type Panel } from './panel.ts';
import { quantile } from './percentiles.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';

/** What Node.js says of itself, in the chosen processes. */
const CHOSEN = 'service=~"$service", instance=~"$instance"';
const PROCESS = '{{service}} {{instance}}';

/** By container, not by process: the kernel counts, and kills, containers. Those of other stacks on this host are left out. */
const MEMORY_OF_LIMIT =
  'max by (container_service, name) (container_memory_rss{container_service=~"$service"} / (container_spec_memory_limit_bytes > 0) and on (container_project) container_memory_rss{container_service="cadvisor"})';

export function worstLag(width: number): Panel {
  return stat({
    title: 'Event loop, worst p99',
    description:
      'How late timers fire, 99 % of them at most, in the process where it is worst. Bad: red, which is where EventLoopLagHigh fires: each request waits that long besides.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('EventLoopLagHigh')),
    expr: `max(nodejs_eventloop_lag_p99_seconds{${CHOSEN}})`,
  });
}

export function mostCpu(width: number): Panel {
  return stat({
    title: 'CPU, busiest process',
    description:
      'CPU of the busiest process; 100 % is one core. Bad: near 100 %: JavaScript has one thread, and it has no more to give.',
    unit: 'percentunit',
    decimals: 1,
    width,
    expr: `max(rate(process_cpu_seconds_total{${CHOSEN}}[5m]))`,
  });
}

export function fullestContainer(width: number): Panel {
  return stat({
    title: 'Memory, fullest container',
    description:
      'Share of its memory limit that the fullest container of the chosen services uses. Bad: red, which is where MemoryNearLimit fires: soon the kernel kills it.',
    unit: 'percentunit',
    decimals: 1,
    width,
    thresholds: redFrom(thresholdOf('MemoryNearLimit')),
    expr: `max(${MEMORY_OF_LIMIT})`,
  });
}

export function mostGc(width: number): Panel {
  return stat({
    title: 'Garbage collection, most',
    description:
      'Share of its time that a process spends on collecting garbage, where it is most. Bad: over a twentieth: the heap is nearly full, or much is made to be thrown away.',
    unit: 'percentunit',
    decimals: 2,
    width,
    expr: `max(sum by (service, instance) (rate(nodejs_gc_duration_seconds_sum{${CHOSEN}}[5m])))`,
  });
}

export function processes(width: number): Panel {
  return table({
    title: 'Processes',
    description:
      'Each process: its Node.js, since when it runs, and what it uses. Bad: a start that nobody made, two versions for long, or one process far from the others of its service. A red event loop is where EventLoopLagHigh fires.',
    width,
    height: 6,
    rows: { service: 'Service', instance: 'Instance', version: 'Node.js' },
    sortBy: 'Event loop p99',
    columns: [
      {
        title: 'Started',
        expr: withVersion('1000 * process_start_time_seconds'),
        unit: 'dateTimeFromNow',
      },
      {
        title: 'CPU',
        expr: withVersion(`rate(process_cpu_seconds_total{${CHOSEN}}[5m])`),
        unit: 'percentunit',
        decimals: 1,
      },
      { title: 'Memory', expr: withVersion('process_resident_memory_bytes'), unit: 'bytes' },
      { title: 'Heap used', expr: withVersion('nodejs_heap_size_used_bytes'), unit: 'bytes' },
      {
        title: 'Event loop p99',
        expr: withVersion('nodejs_eventloop_lag_p99_seconds'),
        unit: 's',
        limit: thresholdOf('EventLoopLagHigh'),
      },
      { title: 'Open files', expr: withVersion('process_open_fds'), unit: 'short', decimals: 0 },
    ],
  });
}

export function eventLoop(width: number): Panel {
  return graph({
    title: 'Event loop lag, p99',
    description:
      'How late timers fire, 99 % of them at most. Bad: a line at the dashed one, where EventLoopLagHigh fires: something computes for long without a pause.',
    unit: 's',
    width,
    links: [toDetails('api-red', { service: '${__field.labels.service}' })],
    limit: thresholdOf('EventLoopLagHigh'),
    queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function eventLoopMean(width: number): Panel {
  return graph({
    title: 'Event loop lag, mean',
    description:
      'How late timers fire on average; about 10 ms is the measurement itself. Bad: rising with the traffic: the process is near what one thread can do.',
    unit: 's',
    width,
    queries: [{ expr: `nodejs_eventloop_lag_mean_seconds{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function cpu(width: number): Panel {
  return graph({
    title: 'CPU',
    description:
      'CPU by process; 100 % is one core. Bad: one at 100 %, or one far above the others of its service.',
    unit: 'percentunit',
    width,
    queries: [
      {
        expr: `rate(process_cpu_seconds_total{${CHOSEN}}[$__rate_interval])`,
        legend: PROCESS,
      },
    ],
  });
}

export function gcTime(width: number): Panel {
  return graph({
    title: 'Time in garbage collection',
    description:
      'Share of a process’s time. Bad: over 5 %, or growing from day to day: memory leaks.',
    unit: 'percentunit',
    width,
    queries: [
      {
        expr: `sum by (service, instance) (rate(nodejs_gc_duration_seconds_sum{${CHOSEN}}[$__rate_interval]))`,
        legend: PROCESS,
      },
    ],
  });
}

export function gcRuns(width: number): Panel {
  return graph({
    title: 'Garbage collections by kind',
    description:
      'Collections per second, all chosen processes together. Bad: major ones that become frequent: what survives does not fit.',
    unit: 'ops',
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_count{${CHOSEN}}[$__rate_interval]))`,
        legend: '{{kind}}',
      },
    ],
  });
}

export function gcPauses(width: number): Panel {
  return graph({
    title: 'Mean pause by kind',
    description:
      'Mean time of one collection. Bad: major ones over 100 ms: every request of that process stands still meanwhile.',
    unit: 's',
    width,
    queries: [
      {
        expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_sum{${CHOSEN}}[$__rate_interval])) / (sum by (kind) (rate(nodejs_gc_duration_seconds_count{${CHOSEN}}[$__rate_interval])) > 0)`,
        legend: '{{kind}}',
      },
    ],
  });
}

export function memoryOfLimit(width: number): Panel {
  return graph({
    title: 'Memory of the limit',
    description:
      'Share of its memory limit that each container uses. Bad: a line at the dashed one, where MemoryNearLimit fires; or one that only ever climbs.',
    unit: 'percentunit',
    width,
    max: 1,
    limit: thresholdOf('MemoryNearLimit'),
    queries: [{ expr: MEMORY_OF_LIMIT, legend: '{{name}}' }],
  });
}

export function residentMemory(width: number): Panel {
  return graph({
    title: 'Resident memory',
    description:
      'Memory that each process has of the host. Bad: a line that climbs and never comes down.',
    unit: 'bytes',
    width,
    queries: [{ expr: `process_resident_memory_bytes{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function heap(width: number): Panel {
  return graph({
    title: 'Heap in use',
    description:
      'What JavaScript objects take; a saw is normal. Bad: the teeth’s lower ends climb: memory leaks.',
    unit: 'bytes',
    width,
    queries: [{ expr: `nodejs_heap_size_used_bytes{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function outsideHeap(width: number): Panel {
  return graph({
    title: 'Memory outside of the heap',
    description:
      'Buffers and what native code holds for JavaScript. Bad: climbing while the heap stays: bodies, streams or sockets that are kept.',
    unit: 'bytes',
    width,
    queries: [{ expr: `nodejs_external_memory_bytes{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function handles(width: number): Panel {
  return graph({
    title: 'Active resources by type',
    description:
      'What keeps the event loops alive: sockets, timers, requests. Bad: one type that only ever grows: it is opened and never closed.',
    unit: 'short',
    width,
    queries: [
      {
        expr: `sum by (service, type) (nodejs_active_resources{${CHOSEN}})`,
        legend: '{{service}} {{type}}',
      },
    ],
  });
}

export function openFiles(width: number): Panel {
  return graph({
    title: 'Open files and sockets',
    description:
      'Bad: a line that only ever climbs; at the limit of the process nothing more can be opened, no connection either.',
    unit: 'short',
    width,
    queries: [{ expr: `process_open_fds{${CHOSEN}}`, legend: PROCESS }],
  });
}

export function operations(width: number): Panel {
  return graph({
    title: 'Own operations: p95',
    description:
      'What the code measures with performance.measure: rounds of the market, tasks of the worker. Bad: market.round over 0.25 s, when the next is due; a task near its interval.',
    unit: 's',
    width,
    legendTable: true,
    queries: [
      {
        expr: quantile({
          q: 0.95,
          metric: 'operation_duration_seconds',
          selector: CHOSEN,
          by: ['service', 'operation'],
          window: '5m',
        }),
        legend: '{{service}} {{operation}}',
      },
    ],
  });
}

/** Adds the label `version`, that of Node.js, so that all columns of the table have the same labels. */
function withVersion(expr: string): string {
  return `sum by (service, instance, version) (${expr} * on (service, instance) group_left (version) nodejs_version_info{${CHOSEN}})`;
}
