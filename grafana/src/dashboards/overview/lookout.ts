import type { Dashboard } from '../../dashboard.ts';
import { firingAlerts, firingAlertsTable, serviceTiles } from '../../panels/alerts.ts';
import { restarts, versions } from '../../panels/changes.ts';
import {
  apiErrors,
  apiP95,
  errors,
  latency,
  saturation,
  traffic,
} from '../../panels/golden-signals.ts';
import { logTail, logVolume } from '../../panels/logs.ts';
import { budgets, lowestBudget } from '../../panels/slo.ts';
import {
  activeUsers,
  customers,
  ledgerImbalance,
  quoteAge,
  signUps,
  topCharacters,
  trades,
  tradesPerMinute,
  volume,
} from '../../panels/trading.ts';

export const lookout: Dashboard = {
  folder: 'Overview',
  uid: 'lookout',
  question: 'Is the business all right now?',
  next: ['service-levels', 'trading', 'api-red', 'synthetic', 'dora', 'logs'],
  variables: [],
  rows: [
    {
      title: 'Is the business all right now?',
      panels: [
        firingAlerts(6),
        lowestBudget(6),
        apiErrors(6),
        apiP95(6),
        tradesPerMinute(5),
        activeUsers(5),
        signUps(5),
        quoteAge(5),
        ledgerImbalance(4),
        serviceTiles(8),
        budgets(6),
        firingAlertsTable(10),
      ],
    },
    {
      title: 'Do customers trade?',
      panels: [volume(8), trades(5), customers(6), topCharacters(5)],
    },
    {
      title: 'Which service is it?',
      panels: [traffic(6), errors(6), latency(6), saturation(6)],
    },
    {
      title: 'What changed?',
      panels: [versions(14), restarts(10)],
    },
    {
      title: 'What do the services say?',
      panels: [
        logVolume({ title: 'Lines by level', width: 8, services: '.+' }),
        logTail({
          title: 'Last errors',
          description:
            'The newest error lines of all services. Bad: any; open one for its fields, and the link to its trace.',
          width: 16,
          selector: '{level="error"}',
          whenEmpty: 'No service has written an error',
          emptyWhenHealthy: 'a healthy service writes none; any drill fills it',
        }),
      ],
    },
  ],
};
