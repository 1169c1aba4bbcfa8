import type { Dashboard } from '../../dashboard.ts';
import {
  attempts,
  auditByAction,
  auditByOutcome,
  auditFaults,
  auditTail,
  eventsByAddress,
  eventsByType,
  eventTail,
  failedLogins,
  failuresByAddress,
  failureShare,
  forgedTokens,
  lockedAccounts,
  refusedRequests,
  sessions,
  traversals,
} from '../../panels/security.ts';

export const security: Dashboard = {
  folder: 'Security',
  uid: 'security',
  question: 'Is somebody trying to come in who should not?',
  next: ['logs', 'api-red', 'customers'],
  variables: [],
  rows: [
    {
      title: 'Is somebody trying to come in who should not?',
      panels: [
        failedLogins(4),
        lockedAccounts(4),
        forgedTokens(4),
        traversals(4),
        auditFaults(4),
        sessions(4),
      ],
    },
    {
      title: 'Who comes in, and who is refused?',
      panels: [attempts(8), failureShare(8), refusedRequests(8)],
    },
    {
      title: 'From where, and how?',
      panels: [failuresByAddress(12), eventsByType(12), eventsByAddress(12), eventTail(12)],
    },
    {
      title: 'Who did what?',
      panels: [auditByAction(12), auditByOutcome(12), auditTail(24)],
    },
  ],
};
