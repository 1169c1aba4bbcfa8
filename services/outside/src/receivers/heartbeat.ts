import { z } from 'zod';

import type { Heartbeat } from '../inbox/heartbeat.ts';
import { parseJson, type Answer } from './received.ts';

/** The last second that a Date can hold. */
const maxUnixSeconds = 8.64e12;

// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
const notification = z.object({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: z.record(z.string(), z.string()),
        annotations: z
          .object({
            /** Ours says when Prometheus evaluated it, in Unix seconds; a Watchdog of somebody else's need not. */
            evaluated_at: z.coerce.number().positive().max(maxUnixSeconds).optional(),
          })
          .optional(),
      }),
    )
    .min(1),
});

/** A webhook of Alertmanager's that means "we are alive". A Watchdog that has resolved is not alive, so it is no beat. */
export function receiveHeartbeat(
  body: string,
  heartbeat: Heartbeat,
): { outcome: 'accepted' | 'refused'; reason: string; answer: Answer } {
  const parsed = notification.safeParse(parseJson(body));
  if (!parsed.success) {
    const reason = `not a webhook of Alertmanager's, version 4: ${z.prettifyError(parsed.error)}`;
    return { outcome: 'refused', reason, answer: json(400, { error: reason }) };
  }
  if (parsed.data.status === 'firing') {
    const evaluatedAt = parsed.data.alerts[0]?.annotations?.evaluated_at;
    heartbeat.beat(evaluatedAt === undefined ? undefined : new Date(evaluatedAt * 1000));
  }
  return { outcome: 'accepted', reason: '', answer: json(200, heartbeat.status()) };
}

function json(status: number, body: unknown): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}
