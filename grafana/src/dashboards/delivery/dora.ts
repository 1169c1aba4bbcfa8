import type { Dashboard } from '../../dashboard.ts';
import {
  deployments,
  deploymentsByDay,
  environment,
  failureRate,
  frequency,
  incidents,
  incidentsByAlert,
  incidentsByDay,
  leadTime,
  leadTimeByDay,
  openIncidents,
  openIncidentsGraph,
  recoveryTime,
  sinceLast,
} from '../../panels/delivery.ts';

export const dora: Dashboard = {
  folder: 'Delivery',
  uid: 'dora',
  question: 'Do we deliver often and soon, and how much breaks by it?',
  next: ['lookout', 'service-levels'],
  variables: [environment],
  rows: [
    {
      title: 'Do we deliver often and soon, and how much breaks by it?',
      panels: [
        frequency(4),
        leadTime(4),
        failureRate(4),
        recoveryTime(4),
        openIncidents(4),
        sinceLast(4),
      ],
    },
    {
      title: 'What was delivered?',
      panels: [deploymentsByDay(12), leadTimeByDay(12), deployments(24)],
    },
    {
      title: 'What broke?',
      panels: [incidentsByDay(12), openIncidentsGraph(12), incidents(14), incidentsByAlert(10)],
    },
  ],
};
