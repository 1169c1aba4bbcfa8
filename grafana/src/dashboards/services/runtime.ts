import type { Dashboard } from '../../dashboard.ts';
import { restarts } from '../../panels/changes.ts';
import {
  cpu,
  eventLoop,
  eventLoopMean,
  fullestContainer,
  gcPauses,
  gcRuns,
  gcTime,
  handles,
  heap,
  memoryOfLimit,
  mostCpu,
  mostGc,
  openFiles,
  operations,
  outsideHeap,
  processes,
  residentMemory,
  worstLag,
} from '../../panels/runtime.ts';
import { instancesOf, servicesOf } from '../../variables.ts';

export const runtime: Dashboard = {
  folder: 'Services',
  uid: 'runtime',
  question: 'Is Node.js healthy?',
  next: ['host', 'api-red', 'jobs-and-streams', 'logs'],
  variables: [servicesOf('nodejs_version_info'), instancesOf('nodejs_version_info')],
  rows: [
    {
      title: 'Is Node.js healthy?',
      panels: [worstLag(6), mostCpu(6), fullestContainer(6), mostGc(6), processes(24)],
    },
    {
      title: 'Is the event loop free?',
      panels: [eventLoop(8), eventLoopMean(8), cpu(8), operations(24)],
    },
    {
      title: 'Does memory leak?',
      panels: [memoryOfLimit(12), residentMemory(12), heap(12), outsideHeap(12)],
    },
    {
      title: 'Is it busy with its garbage?',
      panels: [gcTime(8), gcRuns(8), gcPauses(8)],
    },
    {
      title: 'Is something opened and never closed? Does it start again and again?',
      panels: [handles(8), openFiles(8), restarts(8)],
    },
  ],
};
