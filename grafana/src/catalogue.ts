import type { Dashboard } from './dashboard.ts';
import { database } from './dashboards/data/database.ts';
import { redis } from './dashboards/data/redis.ts';
import { lookout } from './dashboards/overview/lookout.ts';
import { serviceLevels } from './dashboards/overview/service-levels.ts';
import { apiRed } from './dashboards/services/api-red.ts';
import { jobsAndStreams } from './dashboards/services/jobs-and-streams.ts';
import { logs } from './dashboards/services/logs.ts';
import { runtime } from './dashboards/services/runtime.ts';
import { traces } from './dashboards/services/traces.ts';

/** Every dashboard there is, in the order of Grafana's folders. */
export const catalogue: Dashboard[] = [
  // Overview
  lookout,
  serviceLevels,
  // Services
  apiRed,
  runtime,
  jobsAndStreams,
  logs,
  traces,
  // Data
  database,
  redis,
];
