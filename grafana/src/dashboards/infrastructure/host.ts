import type { Dashboard } from '../../dashboard.ts';
import {
  container,
  containerTable,
  cpuByContainer,
  memoryByContainer,
  memoryOfLimit,
  networkErrors,
  received,
  sent,
  throttled,
} from '../../panels/containers.ts';
import {
  clockOffset,
  cpuBusy,
  cpuByMode,
  diskBusy,
  diskLeft,
  disks,
  diskTraffic,
  load,
  memoryLeft,
  memoryOfHost,
  outOfMemoryKills,
} from '../../panels/host.ts';

export const host: Dashboard = {
  folder: 'Infrastructure',
  uid: 'host',
  question: 'Does the machine have room, and which container takes it?',
  next: ['lookout-itself', 'runtime', 'database'],
  variables: [container],
  rows: [
    {
      title: 'Does the machine have room?',
      panels: [
        cpuBusy(4),
        memoryLeft(4),
        diskLeft(4),
        load(4),
        outOfMemoryKills(4),
        clockOffset(4),
      ],
    },
    {
      title: 'Which container takes it?',
      panels: [containerTable(16), memoryOfLimit(8), cpuByContainer(12), memoryByContainer(12)],
    },
    {
      title: 'What does the machine do?',
      panels: [cpuByMode(12), memoryOfHost(12), diskTraffic(8), diskBusy(8), disks(8)],
    },
    {
      title: 'What goes over the network, and what is held back?',
      panels: [received(6), sent(6), networkErrors(6), throttled(6)],
    },
  ],
};
