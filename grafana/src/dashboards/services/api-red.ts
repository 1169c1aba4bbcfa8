import type { Dashboard } from '../../dashboard.ts';
import { pool, poolSaturation, queryDuration, queryRate } from '../../panels/database-client.ts';
import { hitsByCache } from '../../panels/redis.ts';
import { logTail, logVolume } from '../../panels/logs.ts';
import {
  durationByRoute,
  durationHeatmap,
  errorRatio,
  errorsByRoute,
  errorTypes,
  inFlight,
  inFlightByInstance,
  p95,
  percentiles,
  rateByRoute,
  rateByStatus,
  requestRate,
  responseSizes,
  routesTable,
} from '../../panels/red.ts';
import { instance, route, service } from '../../variables.ts';

export const apiRed: Dashboard = {
  folder: 'Services',
  uid: 'api-red',
  question: 'Which route is slow or failing, for which status, since when?',
  next: ['runtime', 'database', 'redis', 'traces', 'logs'],
  variables: [service, instance, route],
  rows: [
    {
      title: 'Which route is slow or failing?',
      panels: [requestRate(6), errorRatio(6), p95(6), inFlight(6), routesTable(24)],
    },
    {
      title: 'Since when, and for which status?',
      panels: [rateByRoute(12), rateByStatus(12), errorsByRoute(12), errorTypes(12)],
    },
    {
      title: 'How slow?',
      panels: [percentiles(12), durationByRoute(12), durationHeatmap(12), inFlightByInstance(12)],
    },
    {
      title: 'Is it the database or the cache?',
      panels: [
        queryDuration(12),
        queryRate(12),
        pool(8),
        poolSaturation(8),
        hitsByCache(8),
        responseSizes(24),
      ],
    },
    {
      title: 'What does the service say?',
      panels: [
        logVolume({ title: 'Lines by level', width: 8, services: '$service' }),
        logTail({
          title: 'Warnings and errors',
          description:
            'The newest lines at warn and error. Bad: any error, or the same warning again and again; open a line for its fields, and the link to its trace.',
          width: 16,
          selector: '{service_name="$service", level=~"warn|error"}',
          whenEmpty: 'No warning and no error',
          emptyWhenHealthy: 'a healthy service writes none; any drill fills it',
        }),
      ],
    },
  ],
};
