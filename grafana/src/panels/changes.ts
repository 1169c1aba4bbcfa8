import { graph } from './graph.ts';
import type { Panel } from './panel.ts';
import { table } from './table.ts';

const OURS = 'build_info';

export function versions(width: number): Panel {
  return table({
    title: 'What runs',
    description:
      'Versions of our services, and when their newest process started. Bad: two versions of one service for longer than a deployment takes, or a start that nobody made.',
    width,
    rows: { service: 'Service', version: 'Version', revision: 'Revision' },
    sortBy: 'Started',
    columns: [
      {
        title: 'Instances',
        expr: `count by (service, version, revision) (${OURS})`,
        unit: 'short',
      },
      {
        title: 'Started',
        expr: `1000 * max by (service, version, revision) (process_start_time_seconds * on (service, instance) group_left (version, revision) ${OURS})`,
        unit: 'dateTimeFromNow',
      },
    ],
  });
}

export function restarts(width: number): Panel {
  return graph({
    title: 'Starts',
    description:
      'Processes that started in the last 5 minutes, by service. Bad: one that comes back again and again: it crashes, or its memory limit kills it.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [
      {
        expr: 'sum by (service) (time() - process_start_time_seconds < bool 300)',
        legend: '{{service}}',
      },
    ],
  });
}
