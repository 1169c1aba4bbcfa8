import type { Dashboard } from '../../dashboard.ts';
import {
  clients,
  commandRate,
  commandTime,
  cpu,
  evictedNow,
  goneKeys,
  hitRatio,
  hitsByCache,
  keys,
  keyspaceHits,
  lookUpRate,
  meanCommand,
  memory,
  memoryOfLimit,
  memoryUsed,
  persistence,
  refusedCommands,
} from '../../panels/redis.ts';
import { instancesOf, servicesOf } from '../../variables.ts';

export const redis: Dashboard = {
  folder: 'Data',
  uid: 'redis',
  question: 'Does the cache help, and has Redis room?',
  next: ['jobs-and-streams', 'database', 'api-red'],
  variables: [servicesOf('cache_misses_total'), instancesOf('cache_misses_total')],
  rows: [
    {
      title: 'Does the cache help, and has Redis room?',
      panels: [hitRatio(6), memoryUsed(6), evictedNow(6), meanCommand(6)],
    },
    {
      title: 'Does the cache help?',
      panels: [hitsByCache(8), lookUpRate(8), keyspaceHits(8)],
    },
    {
      title: 'Has Redis room?',
      panels: [memory(6), memoryOfLimit(6), goneKeys(6), keys(6)],
    },
    {
      title: 'Is it fast?',
      panels: [commandRate(12), commandTime(12), refusedCommands(12), cpu(12)],
    },
    {
      title: 'Who is connected, and is what it holds kept?',
      panels: [clients(12), persistence(12)],
    },
  ],
};
