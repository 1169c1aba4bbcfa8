import type { Dashboard } from '../../dashboard.ts';
import {
  availabilityTable,
  certificates,
  journeysAvailable,
  journeySteps,
  journeyTiles,
  probeDurations,
  probePhases,
  probes,
  probesAvailable,
  stepDurations,
} from '../../panels/synthetic.ts';

export const synthetic: Dashboard = {
  folder: 'Experience',
  uid: 'synthetic',
  question: 'Can a customer do what they come for, asked from outside?',
  next: ['service-levels', 'api-red', 'traces'],
  variables: [],
  rows: [
    {
      title: 'Can a customer do what they come for?',
      panels: [journeyTiles(14), journeysAvailable(5), probesAvailable(5)],
    },
    {
      title: 'Which step is it?',
      panels: [journeySteps(12), stepDurations(12)],
    },
    {
      title: 'Does each part answer?',
      panels: [
        probes(12),
        probeDurations(12),
        availabilityTable(9),
        probePhases(8),
        certificates(7),
      ],
    },
  ],
};
