import type { Telemetry } from '@crows-nest/telemetry';
import type { Config } from '../config.ts';
import type { Closing } from '../lifecycle.ts';
import type { FaultMetrics } from '../metrics/faults.ts';
import { blockEventLoop } from './event-loop-block.ts';
import { startFaults, type FaultControl } from './faults.ts';
import { leakMemory } from './memory-leak.ts';

/**
 * The faults of a process, and at once those that it has as such, whatever its role; the others bite where they are handed to.
 *
 * @returns undefined where `FAULTS` is off: then nothing is watched, and nothing can bite
 */
export function composeFaults(
  { faults: allowed, redisUrl }: Config,
  telemetry: Telemetry,
  metrics: FaultMetrics,
  closing: Closing,
): FaultControl | undefined {
  if (!allowed) return undefined;
  const faults = startFaults({ redisUrl, telemetry, metrics });
  const own = [faults, blockEventLoop(faults), leakMemory(faults)];
  closing.defer('faults', () => {
    for (const each of own) each.close();
    return Promise.resolve();
  });
  return faults;
}
