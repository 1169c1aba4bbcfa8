import type { Dashboard } from './dashboard.ts';
import { customers } from './dashboards/business/customers.ts';
import { payments } from './dashboards/business/payments.ts';
import { trading } from './dashboards/business/trading.ts';
import { database } from './dashboards/data/database.ts';
import { redis } from './dashboards/data/redis.ts';
import { dora } from './dashboards/delivery/dora.ts';
import { synthetic } from './dashboards/experience/synthetic.ts';
import { host } from './dashboards/infrastructure/host.ts';
import { lookoutItself } from './dashboards/infrastructure/lookout-itself.ts';
import { k6 } from './dashboards/load/k6.ts';
import { lookout } from './dashboards/overview/lookout.ts';
import { serviceLevels } from './dashboards/overview/service-levels.ts';
import { security } from './dashboards/security/security.ts';
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
  // Business
  trading,
  customers,
  payments,
  // Security
  security,
  // Experience
  synthetic,
  // Delivery
  dora,
  // Infrastructure
  host,
  lookoutItself,
  // Load
  k6,
];
