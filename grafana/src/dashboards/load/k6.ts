import type { Dashboard } from '../../dashboard.ts';
import { errors, latency, saturation } from '../../panels/golden-signals.ts';
import {
  checks,
  checksTable,
  failed,
  load,
  phases,
  rate,
  readDuration,
  readP99,
  requestsOfBoth,
  run,
  runsTable,
  serverCpu,
  tradeDuration,
  tradeP995,
  users,
} from '../../panels/k6.ts';

export const k6: Dashboard = {
  folder: 'Load',
  uid: 'k6',
  question: 'Does the exchange keep its service levels under this load, and what is its bound?',
  next: ['api-red', 'runtime', 'database', 'host'],
  variables: [run],
  rows: [
    {
      title: 'Does the exchange keep its service levels under this load?',
      panels: [users(4), rate(4), failed(4), checks(4), readP99(4), tradeP995(4)],
    },
    {
      title: 'What did k6 see?',
      panels: [readDuration(12), tradeDuration(12), load(12), phases(12)],
    },
    {
      title: 'What did the server see?',
      panels: [requestsOfBoth(12), latency(12), errors(8), serverCpu(8), saturation(8)],
    },
    {
      title: 'What was asserted, and how were other runs?',
      panels: [checksTable(12), runsTable(12)],
    },
  ],
};
