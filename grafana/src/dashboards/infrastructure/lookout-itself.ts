import type { Dashboard } from '../../dashboard.ts';
import {
  alertsHeld,
  cardinality,
  collectorFlow,
  collectorQueue,
  drops,
  failedNotifications,
  failingRules,
  heartbeat,
  intake,
  jaegerStore,
  kept,
  lokiRequests,
  lost,
  notificationLatency,
  notifications,
  parts,
  prometheusRequests,
  queues,
  ruleTimes,
  scrapes,
  series,
  targetsDown,
} from '../../panels/lookout-itself.ts';

export const lookoutItself: Dashboard = {
  folder: 'Infrastructure',
  uid: 'lookout-itself',
  question: 'Is the lookout itself awake, and what does it cost?',
  next: ['host', 'logs', 'traces'],
  variables: [],
  rows: [
    {
      title: 'Is the lookout itself awake?',
      panels: [
        targetsDown(4),
        failingRules(4),
        failedNotifications(4),
        lost(4),
        collectorQueue(4),
        heartbeat(4),
      ],
    },
    {
      title: 'Does everything arrive?',
      panels: [intake(12), collectorFlow(12), queues(8), drops(8), jaegerStore(8)],
    },
    {
      title: 'Is everybody told?',
      panels: [notifications(8), notificationLatency(8), alertsHeld(8)],
    },
    {
      title: 'Is it quick enough?',
      panels: [scrapes(12), ruleTimes(12), prometheusRequests(12), lokiRequests(12)],
    },
    {
      title: 'What does it cost?',
      panels: [parts(8), cardinality(16), series(8), kept(16)],
    },
  ],
};
