import { thresholdOf } from '../rules.ts';
import { barGauge } from './bar-gauge.ts';
import { graph } from './graph.ts';
import { redBelow, redFrom, type Panel } from './panel.ts';
import { stat } from './stat.ts';

/** The machine that all containers share. */

/** As in prometheus/rules/runtime.yml: disks that somebody writes to. */
const DISKS =
  'fstype!~"tmpfs|ramfs|devtmpfs|overlay|squashfs|erofs|iso9660|vfat|9p|nfs.*|fuse.*", mountpoint!~"/boot.*"';
/** A disk that is mounted in several places counts once. */
const DISK_LEFT = `min by (device) (node_filesystem_avail_bytes{${DISKS}} / node_filesystem_size_bytes)`;
const BUSY = '1 - avg(rate(node_cpu_seconds_total{mode=~"idle|iowait"}[$__rate_interval]))';

export function cpuBusy(width: number): Panel {
  return stat({
    title: 'CPU busy',
    description:
      'Share of all cores that compute. Bad: near 100 % for minutes: everything waits for a core.',
    unit: 'percentunit',
    decimals: 0,
    width,
    expr: BUSY,
  });
}

export function memoryLeft(width: number): Panel {
  return stat({
    title: 'Memory left',
    description:
      'What could be had without swapping. Bad: red, which is where HostMemoryLow fires.',
    unit: 'percentunit',
    decimals: 0,
    width,
    thresholds: redBelow(thresholdOf('HostMemoryLow')),
    expr: 'min(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)',
  });
}

export function diskLeft(width: number): Panel {
  return stat({
    title: 'Disk left',
    description:
      'Of the fullest disk. Bad: red; where less than 10 GB is left as well, HostDiskFilling fires.',
    unit: 'percentunit',
    decimals: 0,
    width,
    thresholds: redBelow(thresholdOf('HostDiskFilling')),
    expr: `min(${DISK_LEFT})`,
  });
}

export function load(width: number): Panel {
  return stat({
    title: 'Load by core',
    description:
      'Processes that compute or want to, over 5 minutes, by core. Bad: far above 1: they queue for a core, or for the disk.',
    unit: 'short',
    decimals: 2,
    width,
    expr: 'max(node_load5) / count(count by (cpu) (node_cpu_seconds_total))',
  });
}

export function clockOffset(width: number): Panel {
  return stat({
    title: 'Clock off by',
    description:
      'What the kernel has still to correct; 0 where no time server is asked. Bad: red, which is where ClockSkew fires: logs and traces get out of order.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('ClockSkew')),
    expr: 'max(abs(node_timex_offset_seconds))',
  });
}

export function outOfMemoryKills(width: number): Panel {
  return stat({
    title: 'Killed for memory in 1 h',
    description:
      'Processes that the kernel killed in the last hour because memory had run out, of the host or of a container. Bad: any.',
    unit: 'short',
    decimals: 0,
    width,
    thresholds: redFrom(1),
    expr: 'sum(increase(node_vmstat_oom_kill[1h]))',
  });
}

export function cpuByMode(width: number): Panel {
  return graph({
    title: 'CPU of the host',
    description:
      'What the cores do. Bad: `iowait` (the disk is too slow), `steal` (the machine under this one is busy), or all of it `user` for long.',
    unit: 'percentunit',
    width,
    stacked: true,
    max: 1,
    queries: [
      {
        expr: 'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval])) / scalar(count(count by (cpu) (node_cpu_seconds_total)))',
        legend: '{{mode}}',
      },
    ],
  });
}

export function memoryOfHost(width: number): Panel {
  return graph({
    title: 'Memory of the host',
    description:
      'What is in use, and how much there is. What the kernel keeps of files counts as left. Bad: in use near all of it, or swap that is read and written.',
    unit: 'bytes',
    width,
    queries: [
      {
        expr: 'sum(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes)',
        legend: 'in use',
      },
      { expr: 'sum(node_memory_MemTotal_bytes)', legend: 'all' },
      {
        expr: 'sum(node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes)',
        legend: 'swap in use',
      },
    ],
  });
}

export function diskTraffic(width: number): Panel {
  return graph({
    title: 'Disk traffic',
    description: 'Bytes read and written. Bad: reading that grows with time: memory is short.',
    unit: 'Bps',
    width,
    queries: [
      { expr: 'sum(rate(node_disk_read_bytes_total[$__rate_interval]))', legend: 'read' },
      { expr: 'sum(rate(node_disk_written_bytes_total[$__rate_interval]))', legend: 'written' },
    ],
  });
}

export function diskBusy(width: number): Panel {
  return graph({
    title: 'Disk busy',
    description:
      'Share of the time in which a disk had something to do. Bad: at 100 % for minutes.',
    unit: 'percentunit',
    width,
    max: 1,
    queries: [
      {
        expr: 'max by (device) (rate(node_disk_io_time_seconds_total[$__rate_interval]))',
        legend: '{{device}}',
      },
    ],
  });
}

export function disks(width: number): Panel {
  return barGauge({
    title: 'Room on disks',
    description:
      'Share of each disk that is left. Bad: red; where less than 10 GB is left as well, HostDiskFilling fires.',
    unit: 'percentunit',
    decimals: 0,
    width,
    max: 1,
    thresholds: redBelow(thresholdOf('HostDiskFilling')),
    expr: DISK_LEFT,
    legend: '{{device}}',
  });
}
