// Breaking what happens within Redis, as somebody with redis-cli can.

import { compose } from '../tests/stack.ts';
import type { Way } from './drill.ts';

/** Runs a command of Redis'; its answer. @throws what Redis says when it refuses */
export async function redis(...command: string[]): Promise<string> {
  // -e: an error that Redis answers is one of redis-cli as well.
  return (await compose('exec', '-T', 'redis', 'redis-cli', '-e', ...command)).trim();
}

/** Bytes that Redis has in use. */
export async function usedMemory(): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(await redis('INFO', 'memory')) ?? [];
  if (bytes === undefined) throw new Error('Redis does not say how much memory it uses');
  return Number(bytes);
}

/** Redis configured otherwise than it was; redis/redis.conf is what it goes back to. */
export function configured(settings: () => Promise<Record<string, string>>): Way {
  let before: Record<string, string> = {};
  const set = (values: Record<string, string>) =>
    redis('CONFIG', 'SET', ...Object.entries(values).flat());
  return {
    async break() {
      const wanted = await settings();
      for (const name of Object.keys(wanted)) {
        const [, value = ''] = (await redis('CONFIG', 'GET', name)).split('\n');
        before[name] = value;
      }
      await set(wanted);
    },
    async heal() {
      if (Object.keys(before).length > 0) await set(before);
      before = {};
    },
  };
}
