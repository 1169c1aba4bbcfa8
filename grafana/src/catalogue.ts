import type { Dashboard } from './dashboard.ts';
import { apiRed } from './dashboards/api-red.ts';
import { lookout } from './dashboards/lookout.ts';

/** Every dashboard there is. */
export const catalogue: Dashboard[] = [lookout, apiRed];
