import { z } from 'zod';
import type { Telemetry } from '@crows-nest/telemetry';
import type { FaultMetrics } from '../metrics/faults.ts';
import { unavailable } from '../problem.ts';
import { createRedis } from '../redis.ts';
import {
  FAULT_NAMES,
  FAULTS,
  MOST_SECONDS,
  type FaultName,
  type FaultParameters,
} from './catalogue.ts';
import { every } from './every.ts';

/** How often each process asks Redis what is on. */
const POLL_MS = 500;
/** Longer than for requests, because a blocked event loop reads its answers late. */
const COMMAND_TIMEOUT_MS = 2000;

/** What each place that a fault bites asks. Where `FAULTS` is off there is no such thing, and nobody asks. */
export interface Faults {
  /** What the fault was asked for with, while it is on; undefined otherwise. From memory, so that it may be asked at every request. */
  on<Name extends FaultName>(name: Name): FaultParameters<Name> | undefined;
}

/** One that is on. */
export interface ActiveFault {
  name: FaultName;
  endsAt: Date;
  parameters: FaultParameters;
}

/** The faults of all processes that share a Redis. */
export interface FaultControl extends Faults {
  /** Those that are on: as Redis has them, and while that is away as this process knows them. */
  active(): Promise<ActiveFault[]>;
  /** Has a fault begin, in place of one of that name that is on. @throws {Problem} 503 while Redis is away */
  begin<Name extends FaultName>(
    name: Name,
    parameters: FaultParameters<Name>,
  ): Promise<ActiveFault>;
  /** Has faults end, in so far as they are on. @throws {Problem} 503 while Redis is away */
  end(names: FaultName[]): Promise<void>;
  close(): void;
}

export interface FaultsOptions {
  redisUrl: string;
  telemetry: Pick<Telemetry, 'logger'>;
  metrics: FaultMetrics;
}

/** A fault as Redis keeps it. */
const stored = z.object({ endsAt: z.number(), parameters: z.unknown() });

/**
 * Faults are kept in Redis, with their expiry, and every process asks there twice a second. Each is kept with the moment of its end,
 * and is on only until then: it ends as well where Redis, or the process that began it, is away by then, and in a process that was
 * paused meanwhile.
 */
export function startFaults({ redisUrl, telemetry, metrics }: FaultsOptions): FaultControl {
  const { logger } = telemetry;
  logger.warn('FAULTS is on: whoever reaches /faults can break this service, for drills');
  const redis = createRedis(redisUrl, logger, COMMAND_TIMEOUT_MS);
  let known = new Map<FaultName, ActiveFault>();
  let told = new Map<FaultName, string>();

  const current = () => [...known.values()].filter(isOn);

  const refresh = async () => {
    const texts = await redis.mget(FAULT_NAMES.map(keyOf));
    known = new Map(FAULT_NAMES.flatMap((name, n) => pairOf(name, texts[n] ?? null)));
    tell();
  };

  /** What has begun and what has ended since the last time. */
  const tell = () => {
    const now = new Map(current().map((fault) => [fault.name, JSON.stringify(fault)]));
    for (const fault of FAULT_NAMES) {
      if (now.get(fault) === told.get(fault)) continue;
      if (now.has(fault)) {
        const { endsAt, parameters } = known.get(fault) ?? {};
        metrics.faultActive.set({ fault }, 1);
        logger.warn('A fault begins', { fault, endsAt, parameters });
      } else {
        metrics.faultActive.remove({ fault });
        logger.warn('A fault ends', { fault });
      }
    }
    told = now;
  };

  const polling = every(POLL_MS, () => void refresh().catch(tell));

  /** Sends a command and lets this process know at once; the others ask soon. */
  const command = async (send: () => Promise<unknown>) => {
    try {
      await send();
    } catch (error) {
      const detail =
        'Faults are kept in Redis, which does not take this now. Those that are on end by themselves.';
      throw unavailable('faults-unavailable', detail, 1, error);
    }
    await refresh().catch(tell);
  };

  return {
    on<Name extends FaultName>(name: Name) {
      const fault = known.get(name);
      // `pairOf` has parsed it as one of this name.
      return fault && isOn(fault) ? (fault.parameters as FaultParameters<Name>) : undefined;
    },
    async active() {
      await refresh().catch(tell);
      return current();
    },
    async begin(name, parameters) {
      const endsAt = Date.now() + parameters.seconds * 1000;
      const text = JSON.stringify({ endsAt, parameters });
      await command(() => redis.set(keyOf(name), text, 'PXAT', endsAt));
      return { name, endsAt: new Date(endsAt), parameters };
    },
    end: (names) => command(() => redis.del(names.map(keyOf))),
    close() {
      polling.close();
      redis.disconnect();
    },
  };
}

/** Also over when its end is too far away: then a clock was set back meanwhile. */
function isOn({ endsAt }: ActiveFault): boolean {
  const left = endsAt.getTime() - Date.now();
  return left > 0 && left <= MOST_SECONDS * 1000;
}

/** None for what this version cannot read. */
function pairOf(name: FaultName, text: string | null): [FaultName, ActiveFault][] {
  if (text === null) return [];
  try {
    const { endsAt, parameters } = stored.parse(JSON.parse(text));
    const fault = {
      name,
      endsAt: new Date(endsAt),
      parameters: FAULTS[name].takes.parse(parameters),
    };
    return [[name, fault]];
  } catch {
    return [];
  }
}

function keyOf(name: FaultName): string {
  return `fault:${name}`;
}
