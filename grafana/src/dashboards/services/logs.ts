import type { Dashboard } from '../../dashboard.ts';
import {
  allLines,
  chosenLines,
  droppedLines,
  errorLines,
  faultLines,
  frequentErrors,
  logVolume,
  logVolumeByService,
  newErrors,
  warningLines,
} from '../../panels/logs.ts';
import { fromLogLabel, several, textBox } from '../../variables.ts';

export const logs: Dashboard = {
  folder: 'Services',
  uid: 'logs',
  question: 'What is being said?',
  next: ['traces', 'api-red', 'jobs-and-streams'],
  variables: [
    several(fromLogLabel('service', 'Service', 'service_name')),
    several(fromLogLabel('level', 'Level', 'level')),
    textBox('text', 'Text'),
    textBox('requestId', 'Request id'),
    textBox('traceId', 'Trace id'),
  ],
  rows: [
    {
      title: 'What is being said?',
      panels: [
        errorLines(6),
        warningLines(6),
        allLines(6),
        droppedLines(6),
        logVolume({ title: 'By level', width: 8, services: '$service' }),
        logVolumeByService({ title: 'By service', width: 8, services: '$service' }),
        faultLines(8),
      ],
    },
    {
      title: 'What is new?',
      panels: [newErrors(12), frequentErrors(12)],
    },
    {
      title: 'What exactly?',
      panels: [chosenLines(24)],
    },
  ],
};
