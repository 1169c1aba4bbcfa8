import type { Incident } from '../drill.ts';
import { configured, usedMemory } from '../redis.ts';

export const incident: Incident = {
  what: 'Gives Redis hardly more memory than it uses.',
  // 87 % full: over the limit of the alert, and with room for the writes of a drill.
  by: configured(async () => ({ maxmemory: String(Math.round((await usedMemory()) * 1.15)) })),
  raises: { alertname: 'RedisMemoryHigh' },
  seconds: 330,
};
