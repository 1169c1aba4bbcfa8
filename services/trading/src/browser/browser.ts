import { z } from 'zod';
import type { ApiMetrics } from '../metrics/roles.ts';

/** Pages of ours; all others are `other`. */
const PAGES = ['/', '/docs'];
const OTHER = 'other';
/**
 * Routes with their statuses that are told apart in a process: each is seven series of web_api_call_duration_seconds. A page of
 * ours calls a few; who claims more crowds out others, but could as well have claimed wrong times.
 */
const MOST_CALLS = 8;

const MOST_SECONDS = 600;
const SECONDS = `expected a number of seconds from 0 to ${MOST_SECONDS}`;
const seconds = z
  .number({ error: SECONDS })
  .min(0, { error: SECONDS })
  .max(MOST_SECONDS, { error: SECONDS });

const path = z
  .string({ error: 'expected a path as text' })
  .max(200, { error: 'expected at most 200 characters' });

const pageItem = z.strictObject({
  kind: z.literal('page'),
  page: path.describe('The path of the page'),
  phase: z.enum(['dns', 'tcp', 'request', 'response', 'dom', 'total'], {
    error: 'expected dns, tcp, request, response, dom or total',
  }),
  seconds,
});

const vitalItem = z.strictObject({
  kind: z.literal('vital'),
  name: z.enum(['FCP', 'LCP', 'INP', 'TTFB', 'CLS'], {
    error: 'expected FCP, LCP, INP, TTFB or CLS',
  }),
  value: seconds.describe('Seconds; of CLS its ratio'),
});

const STATUS = 'expected a status from 100 to 599, or 0 when no answer came';

const apiItem = z.strictObject({
  kind: z.literal('api'),
  route: path.describe('The path that was called'),
  statusCode: z
    .int({ error: STATUS })
    .refine((status) => status === 0 || (status >= 100 && status <= 599), { error: STATUS })
    .meta({ minimum: 0, maximum: 599 }),
  seconds,
});

const errorItem = z.strictObject({ kind: z.literal('error') });

/** What a browser has seen, at most 50 things at a time. */
export const batchSchema = z.strictObject(
  {
    items: z
      .array(
        z.discriminatedUnion('kind', [pageItem, vitalItem, apiItem, errorItem], {
          error: 'expected an item of kind page, vital, api or error',
        }),
        { error: 'expected a list of items' },
      )
      .max(50, { error: 'expected at most 50 items' }),
  },
  { error: 'expected a JSON object' },
);

export type Batch = z.output<typeof batchSchema>;

/** A route of the API, and the statuses it can answer with. */
export interface KnownRoute {
  /** In Express' notation: `/api/orders/:id`. */
  path: string;
  statuses: number[];
}

/**
 * Turns what browsers tell into metrics. Anybody may send anything, so that only names known beforehand become labels:
 * everything else is `other`.
 *
 * @returns takes one batch
 */
export function createBrowserTelemetry(
  metrics: Pick<
    ApiMetrics,
    'webPageLoad' | 'webVital' | 'webVitalRatio' | 'webApiCall' | 'webErrors'
  >,
  routes: KnownRoute[],
): (batch: Batch) => void {
  const labelsOf = callLabels(routes);
  return ({ items }) => {
    for (const item of items) {
      switch (item.kind) {
        case 'page': {
          const page = PAGES.includes(item.page) ? item.page : OTHER;
          metrics.webPageLoad.observe({ page, phase: item.phase }, item.seconds);
          break;
        }
        case 'vital': {
          const metric = item.name === 'CLS' ? metrics.webVitalRatio : metrics.webVital;
          metric.observe({ name: item.name }, item.value);
          break;
        }
        case 'api':
          metrics.webApiCall.observe(labelsOf(item.route, item.statusCode), item.seconds);
          break;
        case 'error':
          metrics.webErrors.inc();
      }
    }
  };
}

/** A path's template, or the template itself, leads to the template; a status that its route cannot answer with is `other`, and so is what comes when {@link MOST_CALLS} are known. */
function callLabels(routes: KnownRoute[]) {
  const statusesByPath = new Map<string, Set<number>>();
  for (const { path, statuses } of routes) {
    statusesByPath.set(path, new Set([...(statusesByPath.get(path) ?? []), ...statuses]));
  }
  const known = [...statusesByPath].map(([path, statuses]) => ({
    path,
    statuses,
    pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`),
  }));
  const told = new Set<string>();
  return (called: string, status: number) => {
    const route = known.find(({ pattern }) => pattern.test(called));
    const labels = {
      route: route?.path ?? OTHER,
      status_code: route?.statuses.has(status) ? String(status) : OTHER,
    };
    const key = `${labels.route} ${labels.status_code}`;
    if (!told.has(key) && told.size >= MOST_CALLS) return { route: OTHER, status_code: OTHER };
    told.add(key);
    return labels;
  };
}
