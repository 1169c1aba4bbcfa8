import type { Dashboard } from '../../dashboard.ts';
import {
  badEvents,
  budgetOverTime,
  budgets,
  burn,
  fastestBurn,
  lateDeposits,
  levels,
  lowestBudget,
  quoteAges,
  slowestBurn,
  slowPages,
  slowRoutes,
  slowTrades,
  unavailableRoutes,
  unmeasured,
} from '../../panels/slo.ts';

export const serviceLevels: Dashboard = {
  folder: 'Overview',
  uid: 'service-levels',
  question: 'How much error budget is left, and what eats it?',
  next: ['lookout', 'api-red', 'trading', 'payments'],
  variables: [],
  rows: [
    {
      title: 'How much error budget is left?',
      panels: [
        lowestBudget(6),
        fastestBurn(6),
        slowestBurn(6),
        unmeasured(6),
        budgets(8),
        levels(16),
      ],
    },
    {
      title: 'How fast does it go?',
      panels: [burn('1h', 6), burn('6h', 6), burn('1d', 6), burn('3d', 6)],
    },
    {
      title: 'When did it go?',
      panels: [budgetOverTime(12), badEvents(12)],
    },
    {
      title: 'What eats it?',
      panels: [
        unavailableRoutes(8),
        slowRoutes(8),
        slowTrades(8),
        quoteAges(8),
        lateDeposits(8),
        slowPages(8),
      ],
    },
  ],
};
