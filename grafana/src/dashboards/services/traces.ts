import type { Dashboard } from '../../dashboard.ts';
import {
  callsOut,
  durations,
  errorsByOperation,
  failedSpans,
  failedTraces,
  lostSpans,
  map,
  newestTraces,
  operationsTable,
  serverP95,
  slowTraces,
  spanRate,
  timeByOperation,
} from '../../panels/spans.ts';
import { fromLabel, one } from '../../variables.ts';

export const traces: Dashboard = {
  folder: 'Services',
  uid: 'traces',
  question: 'Where does time go?',
  next: ['api-red', 'database', 'logs'],
  variables: [
    one(fromLabel('service', 'Service', 'traces_span_metrics_calls_total', 'service_name'), 'api'),
  ],
  rows: [
    {
      title: 'Where does time go?',
      panels: [
        spanRate(6),
        failedSpans(6),
        serverP95(6),
        lostSpans(6),
        map(12),
        timeByOperation(12),
      ],
    },
    {
      title: 'Which operation is slow?',
      panels: [operationsTable(24), durations(12), callsOut(12)],
    },
    {
      title: 'Which fails?',
      panels: [errorsByOperation(12), failedTraces(12)],
    },
    {
      title: 'What did one of them do?',
      panels: [newestTraces(12), slowTraces(12)],
    },
  ],
};
