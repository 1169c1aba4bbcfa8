import { z } from 'zod';
import { ENVIRONMENTS, type Deployments } from '../../delivery/deployments.ts';
import type { Dora, DoraWindow } from '../../delivery/dora.ts';
import type { AlertNotice, Incidents } from '../../delivery/incidents.ts';
import { endpoint, type Endpoint, type Guard } from '../endpoint.ts';
import { EXPECTED_OBJECT, wholeNumber } from '../input.ts';
import { timeSchema } from '../schemas.ts';

const DAY_MS = 86_400_000;
/** How far ahead of ours the clock of a reporter may be. */
const CLOCK_SKEW_MS = 60_000;
/** More than Alertmanager is configured to send at a time (max_alerts). */
const MAX_ALERTS = 200;

const TIME = 'expected a time as 2026-01-31T12:00:00Z, of this century';

/** A moment as others write it: any offset, any precision. */
const moment = z.iso
  .datetime({ offset: true, error: TIME, abort: true })
  .transform((text) => new Date(text))
  .refine((date) => date.getUTCFullYear() >= 2000 && date.getUTCFullYear() < 2100, { error: TIME });

const environment = z.enum(ENVIRONMENTS, { error: `expected ${ENVIRONMENTS.join(', ')}` });

const report = z
  .strictObject(
    {
      id: z
        .string({ error: 'expected an id as text' })
        .regex(/^[A-Za-z0-9._:/-]{1,100}$/, {
          error: 'expected 1 to 100 letters, digits, ".", "_", ":", "/" or "-"',
        })
        .optional()
        .describe('Reporting an id again changes nothing'),
      environment,
      revision: z
        .string({ error: 'expected a revision as text' })
        .regex(/^[A-Za-z0-9._/+-]{1,100}$/, {
          error: 'expected 1 to 100 letters, digits, ".", "_", "/", "+" or "-"',
        }),
      outcome: z.enum(['succeeded', 'failed'], { error: 'expected succeeded or failed' }),
      committedAt: moment.describe('When the oldest change in it was committed'),
      deployedAt: moment.optional().describe('Now, when it is left out'),
    },
    { error: EXPECTED_OBJECT },
  )
  .superRefine(({ committedAt, deployedAt }, context) => {
    const latest = Date.now() + CLOCK_SKEW_MS;
    const complain = (field: string, message: string) => {
      context.addIssue({ code: 'custom', path: [field], message });
    };
    if (deployedAt && deployedAt.getTime() > latest) complain('deployedAt', 'is in the future');
    if (committedAt.getTime() > (deployedAt?.getTime() ?? Date.now())) {
      complain('committedAt', 'is later than the deployment');
    }
  });

const deploymentSchema = z.object({
  id: z.string(),
  environment: z.string(),
  revision: z.string(),
  outcome: z.enum(['succeeded', 'failed']),
  committedAt: timeSchema,
  deployedAt: timeSchema,
});

const label = z
  .string()
  .max(1024)
  .refine((text) => !text.includes('\0'), { error: 'expected no NUL' });

/**
 * What Alertmanager sends, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config), as far as it is
 * looked at; a new version of it may add fields.
 */
const notification = z.object(
  {
    version: z.literal('4', { error: "expected version 4 of Alertmanager's webhook" }),
    alerts: z
      .array(
        z.object({
          status: z.enum(['firing', 'resolved'], { error: 'expected firing or resolved' }),
          fingerprint: z.string().regex(/^[0-9a-f]{1,32}$/, { error: 'expected hex digits' }),
          labels: z.record(z.string(), label),
          startsAt: moment,
          endsAt: z.iso.datetime({ offset: true, error: TIME }).describe('Year 1 while it fires'),
        }),
      )
      .max(MAX_ALERTS, { error: `expected at most ${MAX_ALERTS} alerts` }),
  },
  { error: EXPECTED_OBJECT },
);

const countSchema = z.int().min(0);
const seconds = z.number().min(0).nullable();

const doraSchema = z.object({
  environment: z.string(),
  from: timeSchema,
  to: timeSchema,
  deploymentFrequency: z
    .object({ perDay: z.number().nullable(), deployments: countSchema })
    .describe('Deployments that succeeded, a day'),
  leadTimeForChanges: z
    .object({ medianSeconds: seconds, deployments: countSchema })
    .describe('Median time from the oldest commit in a deployment to its success'),
  changeFailureRate: z
    .object({ ratio: z.number().nullable(), failed: countSchema, deployments: countSchema })
    .describe(
      'Deployments that failed or were followed by a critical incident within an hour, over all',
    ),
  timeToRestore: z
    .object({ medianSeconds: seconds, incidents: countSchema })
    .describe('Median time from the start of an incident to its end'),
  lastDeployment: deploymentSchema.nullable(),
});

export interface DeliveryDependencies {
  deployments: Deployments;
  incidents: Incidents;
  figures: (window: DoraWindow) => Promise<Dora>;
  guard: Guard;
  /** What this installation calls itself. */
  environment: string;
}

/** Deployments and incidents in, the four DORA figures out. */
export function deliveryEndpoints({
  deployments,
  incidents,
  figures,
  guard,
  environment: own,
}: DeliveryDependencies): Endpoint[] {
  const question = z.strictObject({
    environment: environment.default(ENVIRONMENTS.find((name) => name === own) ?? 'production'),
    days: wholeNumber(1, 365).default(30),
  });
  return [
    endpoint(
      {
        method: 'post',
        path: '/deployments',
        operationId: 'recordDeployment',
        tag: 'Delivery',
        summary: 'Report a deployment',
        guard,
        body: report,
        answers: {
          201: { description: 'Recorded', schema: deploymentSchema },
          200: { description: 'It was reported before', schema: deploymentSchema },
        },
        problems: { 409: 'The id was used for another deployment' },
      },
      async ({ body, request }) => {
        const { deployment, repeated } = await deployments.record(body, request.ip);
        return { status: repeated ? 200 : 201, json: deployment };
      },
    ),
    endpoint(
      {
        method: 'post',
        path: '/webhooks/alertmanager',
        operationId: 'hearOfAlerts',
        tag: 'Delivery',
        summary: "Alertmanager's webhook: keeps incidents",
        description:
          'Each firing of an alert of severity critical or warning is an incident. May be sent again, late and out of order.',
        guard,
        body: notification,
        answers: {
          200: {
            description: 'How many incidents are new, and how many have ended with this',
            schema: z.object({ opened: countSchema, resolved: countSchema }),
          },
        },
      },
      async ({ body, request }) => {
        const notices = body.alerts.flatMap((alert) => noticeOf(alert, own));
        return { status: 200, json: await incidents.hear(notices, request.ip) };
      },
    ),
    endpoint(
      {
        method: 'get',
        path: '/dora',
        operationId: 'getDora',
        tag: 'Delivery',
        summary:
          'The four DORA figures of the last days; null where there is nothing to compute one from',
        query: question,
        answers: { 200: { description: 'The figures', schema: doraSchema } },
      },
      async ({ query }) => {
        const to = new Date();
        const from = new Date(to.getTime() - query.days * DAY_MS);
        const window = { environment: query.environment, from, to };
        return {
          status: 200,
          json: {
            ...window,
            ...(await figures(window)),
            lastDeployment: await deployments.last(query.environment),
          },
        };
      },
    ),
  ];
}

type Alert = z.output<typeof notification>['alerts'][number];

/** Nothing for the Watchdog, which always fires, and for what is for information only. */
function noticeOf(
  { status, fingerprint, labels, startsAt, endsAt }: Alert,
  own: string,
): AlertNotice[] {
  const { alertname = 'unnamed', severity, service = 'unknown', environment: where = own } = labels;
  if (alertname === 'Watchdog' || (severity !== 'critical' && severity !== 'warning')) return [];
  return [
    {
      fingerprint,
      startedAt: startsAt,
      // Not before its start, whatever the clocks say.
      resolvedAt:
        status === 'resolved'
          ? new Date(Math.max(Date.parse(endsAt), startsAt.getTime()))
          : undefined,
      alertname,
      severity,
      service,
      environment: where,
    },
  ];
}
