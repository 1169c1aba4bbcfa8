import type { Dashboard } from '../../dashboard.ts';
import {
  creditPercentiles,
  declinedCharges,
  failedByDay,
  failedForUs,
  failureShare,
  failuresByReason,
  gatewayCalls,
  paidByDay,
  paymentJobs,
  paymentsByOutcome,
  pending,
  pendingTable,
  revenue,
  revenueBySource,
  strangeWebhooks,
  subscribers,
  timeToCredit,
  webhooks,
} from '../../panels/payments.ts';

export const payments: Dashboard = {
  folder: 'Business',
  uid: 'payments',
  question: 'Does money come in, and soon into the books?',
  next: ['jobs-and-streams', 'customers', 'logs'],
  variables: [],
  rows: [
    {
      title: 'Does money come in, and soon into the books?',
      panels: [
        revenue(4),
        failedForUs(4),
        timeToCredit(4),
        pending(4),
        subscribers(4),
        strangeWebhooks(4),
      ],
    },
    {
      title: 'Why does it fail?',
      panels: [paymentsByOutcome(12), failuresByReason(12), failureShare(12), failedByDay(12)],
    },
    {
      title: 'Where does it wait?',
      panels: [
        creditPercentiles(12),
        paymentJobs(12),
        webhooks(8),
        gatewayCalls(8),
        pendingTable(8),
      ],
    },
    {
      title: 'What does it come to?',
      panels: [revenueBySource(12), declinedCharges(12), paidByDay(24)],
    },
  ],
};
