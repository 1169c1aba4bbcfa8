import { z } from 'zod';
import { EXPECTED_OBJECT } from '../api/input.ts';

/** Longest a fault may last: the bound within which each ends by itself, whatever else happens. */
export const MOST_SECONDS = 900;

function whole(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const RATIO = 'expected a number above 0 and up to 1';
const seconds = whole(1, MOST_SECONDS).describe('How long it lasts; then it ends by itself');
const route = z
  .string({ error: 'expected a route as text' })
  .optional()
  .describe('Only this route, as in `http_requests_total`: `/api/orders/:id`; all, when left out');

/** What a fault takes: how long it lasts, and what of it can be chosen. */
function taking<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ seconds, ...shape }, { error: EXPECTED_OBJECT });
}

/**
 * Every fault there is: what it does, and what it takes. The bounds keep a process alive and its `/faults` within reach. None
 * touches the books: what is recorded stays right.
 */
export const FAULTS = {
  latency: {
    what: 'Requests wait so long before they are answered',
    takes: taking({ milliseconds: whole(1, 10_000), route }),
  },
  errors: {
    what: 'That part of all requests fails with a 500, before anything is done',
    takes: taking({
      ratio: z.number({ error: RATIO }).gt(0, { error: RATIO }).max(1, { error: RATIO }),
      route,
    }),
  },
  'pool-leak': {
    what: 'Each process keeps so many connections of its pool for itself, at most all',
    takes: taking({ connections: whole(1, 200) }),
  },
  // Less than a statement may run (database.ts): slow, and not failing.
  'slow-sql': {
    what: 'Each statement takes so much longer in the database',
    takes: taking({ milliseconds: whole(1, 1000) }),
  },
  'cache-off': {
    what: 'Sessions and quotes are never found in the cache',
    takes: taking({}),
  },
  // Some of each second is left for those who ask to end it.
  'event-loop-block': {
    what: 'Each process stands still for so long, once a second',
    takes: taking({ milliseconds: whole(1, 900) }),
  },
  'memory-leak': {
    what: 'Each process takes so much more memory every second, up to 200 MB or nearly all that its container may have',
    takes: taking({ megabytesPerSecond: whole(1, 50) }),
  },
  'market-stall': {
    what: 'The leader of the market goes on leading, and quotes nothing',
    takes: taking({}),
  },
  'worker-stall': {
    what: 'Workers take no jobs, or hand nothing from the outbox to the queues',
    takes: taking({
      part: z
        .enum(['jobs', 'outbox'], { error: 'expected jobs or outbox' })
        .default('jobs')
        .describe('What stands still: `jobs` fills the queues, `outbox` the outbox'),
    }),
  },
} as const satisfies Record<string, { what: string; takes: z.ZodObject }>;

export type FaultName = keyof typeof FAULTS;
/** What a fault was asked for with. */
export type FaultParameters<Name extends FaultName = FaultName> = z.output<
  (typeof FAULTS)[Name]['takes']
>;

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(FAULTS, text);
}
