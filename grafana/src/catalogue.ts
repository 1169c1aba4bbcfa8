import type { Dashboard } from './dashboard.ts';
import { lookout } from './dashboards/overview/lookout.ts';
import { apiRed } from './dashboards/services/api-red.ts';

/** Every dashboard there is, in the order of Grafana's folders. */
export const catalogue: Dashboard[] = [
  // Overview
  lookout,
  // Services
  apiRed,
];
