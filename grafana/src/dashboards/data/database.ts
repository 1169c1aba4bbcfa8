import type { Dashboard } from '../../dashboard.ts';
import { pool, poolSaturation, queryDuration, queryRate } from '../../panels/database-client.ts';
import {
  connections,
  connectionsOfLimit,
  connectionsUsed,
  copyAges,
  deadlocks,
  deadlocksNow,
  fullestPool,
  locks,
  longestTransaction,
  p95,
  pageCache,
  queriesTable,
  rows,
  serverLog,
  sizes,
  slowByQuery,
  slowShare,
  tablesTable,
  temporaryFiles,
  transactions,
} from '../../panels/database.ts';
import { instancesOf, servicesOf } from '../../variables.ts';

export const database: Dashboard = {
  folder: 'Data',
  uid: 'database',
  question: 'Is the database fast, and has it room?',
  next: ['redis', 'api-red', 'traces', 'logs'],
  variables: [servicesOf('db_pool_max_connections'), instancesOf('db_pool_max_connections')],
  rows: [
    {
      title: 'Is the database fast, and has it room?',
      panels: [
        p95(4),
        slowShare(4),
        fullestPool(4),
        connectionsUsed(4),
        deadlocksNow(4),
        longestTransaction(4),
        queriesTable(24),
      ],
    },
    {
      title: 'Which query is slow?',
      panels: [queryDuration(12), queryRate(12), slowByQuery(12), serverLog(12)],
    },
    {
      title: 'Is there a connection for everybody?',
      panels: [pool(12), poolSaturation(12), connections(12), connectionsOfLimit(12)],
    },
    {
      title: 'Does one wait for another?',
      panels: [locks(8), transactions(8), deadlocks(8)],
    },
    {
      title: 'Does what is read fit in memory?',
      panels: [pageCache(8), rows(8), temporaryFiles(8)],
    },
    {
      title: 'Does it grow, is it cleared up, and is there a copy?',
      panels: [tablesTable(24), sizes(12), copyAges(12)],
    },
  ],
};
