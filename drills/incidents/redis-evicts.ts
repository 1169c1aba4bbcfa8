import { randomUUID } from 'node:crypto';

import type { Incident } from '../drill.ts';
import { configured, redis, usedMemory } from '../redis.ts';
import { again, together } from '../ways.ts';

const block = 'x'.repeat(100_000);
/** Gone by themselves soon, and until then the first to be evicted, because they have the least time left. */
const seconds = '5';

export const incident: Incident = {
  what: 'Lets Redis throw keys away, and fills it with keys of its own.',
  // volatile-ttl: jobs have no expiry, so none is lost.
  by: together(
    configured(async () => ({
      'maxmemory-policy': 'volatile-ttl',
      maxmemory: String((await usedMemory()) + 300_000),
    })),
    again(100, () => redis('SET', `drill:${randomUUID()}`, block, 'EX', seconds)),
  ),
  raises: { alertname: 'RedisEvictions' },
  seconds: 60,
};
