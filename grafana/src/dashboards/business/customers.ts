import type { Dashboard } from '../../dashboard.ts';
import {
  activeGraph,
  allCustomers,
  conversion,
  conversionGraph,
  funnel,
  ratingsByDay,
  researchRead,
  returned,
  satisfaction,
  satisfactionGraph,
  seenBy,
  signUpsByDay,
  stickiness,
  timeToFirstTrade,
  visits,
  visitsGraph,
} from '../../panels/customers.ts';
import { activeUsers } from '../../panels/trading.ts';

export const customers: Dashboard = {
  folder: 'Business',
  uid: 'customers',
  question: 'Do customers come, trade, come back, and are they content?',
  next: ['trading', 'payments', 'security'],
  variables: [],
  rows: [
    {
      title: 'Do customers come, trade, come back, and are they content?',
      panels: [
        allCustomers(4),
        activeUsers(4),
        visits(4),
        conversion(4),
        stickiness(4),
        satisfaction(4),
      ],
    },
    {
      title: 'Do they come?',
      panels: [visitsGraph(12), activeGraph(12), signUpsByDay(24)],
    },
    {
      title: 'Do new ones trade?',
      panels: [funnel(8), timeToFirstTrade(8), conversionGraph(8)],
    },
    {
      title: 'Do they come back?',
      panels: [returned(12), seenBy(6), researchRead(6)],
    },
    {
      title: 'Are they content?',
      panels: [satisfactionGraph(12), ratingsByDay(12)],
    },
  ],
};
