import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import { severityOf } from '../inbox/classify.ts';
import { link, linksInText, tidy } from '../inbox/links.ts';
import type { Field, Link } from '../inbox/message.ts';
import { parseJson, type Incoming, type Received } from './received.ts';

const blank = (name: string): string => `'${name}' is missing or blank`;
const required = (name: string) => z.string(blank(name)).trim().min(1, blank(name));

// https://developer.pagerduty.com/docs/events-api-v2-overview
const details = z.object(
  {
    summary: required('payload.summary').max(1024),
    source: required('payload.source'),
    severity: z.enum(
      ['critical', 'error', 'warning', 'info'],
      "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
    ),
    timestamp: z.string().optional(),
    component: z.string().optional(),
    group: z.string().optional(),
    class: z.string().optional(),
    custom_details: z.union([z.record(z.string(), z.unknown()), z.string()]).optional(),
  },
  blank('payload'),
);
const event = z
  .object({
    routing_key: required('routing_key').length(
      32,
      "Length of 'routing_key' is incorrect (should be 32 characters)",
    ),
    event_action: z.enum(
      ['trigger', 'acknowledge', 'resolve'],
      "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')",
    ),
    dedup_key: z
      .string()
      .max(255, "Length of 'dedup_key' is incorrect (at most 255 characters)")
      .optional(),
    client: z.string().optional(),
    client_url: z.string().optional(),
    links: z.array(z.object({ href: z.string(), text: z.string().optional() })).optional(),
    // Only a trigger is checked for it, as PagerDuty does.
    payload: z.unknown().optional(),
  })
  .superRefine((data, context) => {
    if (data.event_action === 'trigger') {
      for (const issue of details.safeParse(data.payload).error?.issues ?? []) {
        context.addIssue({ code: 'custom', message: issue.message });
      }
    } else if (!data.dedup_key) {
      context.addIssue({ code: 'custom', message: blank('dedup_key') });
    }
  });

/** One event of PagerDuty's Events API v2. Answers 202 with the incident's dedup_key, or 400 with all that is wrong. */
export function receivePagerDuty({ body }: Incoming): Received {
  const json = parseJson(body);
  if (json === undefined) return refuse(['Event object is not valid JSON']);
  const parsed = event.safeParse(json);
  if (!parsed.success) return refuse(parsed.error.issues.map((issue) => issue.message));

  const { event_action: action, client, client_url: clientUrl = '', links = [] } = parsed.data;
  const key = parsed.data.dedup_key ?? randomUUID().replaceAll('-', '');
  const incident = details.safeParse(parsed.data.payload).data;
  const fields: Field[] = [
    { name: 'Source', value: incident?.source ?? '' },
    { name: 'Component', value: incident?.component ?? '' },
    { name: 'Group', value: incident?.group ?? '' },
    { name: 'Class', value: incident?.class ?? '' },
    ...customFields(incident?.custom_details),
    { name: 'Dedup key', value: key },
  ].filter((field) => field.value !== '');
  const summary = incident?.summary ?? `Incident ${key}`;
  return {
    outcome: 'accepted',
    message: {
      channel: 'pagerduty',
      to: incident?.component ?? incident?.group ?? 'on-call',
      from: client,
      severity: severityOf(incident?.severity ?? ''),
      status: action === 'resolve' ? 'resolved' : 'firing',
      title: action === 'acknowledge' ? `Acknowledged: ${summary}` : summary,
      text: '',
      fields,
      links: tidy([
        ...links.flatMap((each) => link(each.text ?? '', each.href)),
        ...customLinks(incident?.custom_details),
        ...link(client ?? '', clientUrl),
      ]),
    },
    answer: json202(key),
  };
}

/** Details as PagerDuty shows them: text as it is, anything else as JSON. Alertmanager sends empty lists, which say nothing. */
function customFields(custom: Record<string, unknown> | string | undefined): Field[] {
  if (custom === undefined) return [];
  if (typeof custom === 'string') return [{ name: 'Details', value: custom }];
  return Object.entries(custom)
    .filter(([, value]) => !Array.isArray(value) || value.length > 0)
    .map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value.trim() : JSON.stringify(value, null, 2),
    }));
}

/** The addresses in the details that people wrote; those deep in JSON are there for machines. */
function customLinks(custom: Record<string, unknown> | string | undefined): Link[] {
  return customFields(custom)
    .filter(({ value }) => !/^[[{]/.test(value))
    .flatMap(({ name, value }) => linksInText(`${name}: ${value}`));
}

function json202(key: string) {
  return answer(202, { status: 'success', message: 'Event processed', dedup_key: key });
}

function refuse(errors: string[]): Received {
  return {
    outcome: 'refused',
    reason: errors.join('; '),
    answer: answer(400, { status: 'invalid event', message: 'Event object is invalid', errors }),
  };
}

function answer(status: number, body: unknown) {
  return { status, contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}
