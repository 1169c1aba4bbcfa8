import { z } from 'zod';

import { severityIn, severityOf, statusIn } from '../inbox/classify.ts';
import { link, linksInText, tidy } from '../inbox/links.ts';
import type { Field, Link, Severity } from '../inbox/message.ts';
import { parseJson, type Answer, type Incoming, type Received } from './received.ts';

// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../legacy/legacy-messaging/legacy-secondary-message-attachments
const textObject = z.object({ type: z.enum(['plain_text', 'mrkdwn']), text: z.string().min(1) });
const element = z.object({
  type: z.string(),
  text: z.union([textObject, z.string()]).optional(),
  url: z.string().optional(),
});
const block = z.object({
  type: z.string().min(1),
  text: textObject.optional(),
  fields: z.array(textObject).optional(),
  elements: z.array(element).optional(),
});
const attachment = z.object({
  color: z.string().optional(),
  fallback: z.string().optional(),
  pretext: z.string().optional(),
  title: z.string().optional(),
  title_link: z.string().optional(),
  text: z.string().optional(),
  footer: z.string().optional(),
  fields: z
    .array(z.object({ title: z.string().optional(), value: z.string().optional() }))
    .nullish(),
  actions: z
    .array(z.object({ type: z.string(), text: z.string(), url: z.string().optional() }))
    .nullish(),
  blocks: z.array(block).optional(),
});
const payload = z.object({
  channel: z.string().optional(),
  username: z.string().optional(),
  text: z.string().optional(),
  // Slack's own limits: more is refused.
  blocks: z.array(block).max(50).optional(),
  attachments: z.array(attachment).max(100).optional(),
});
type Payload = z.infer<typeof payload>;

/** A message to Slack, by an incoming webhook or by the Web API's chat.postMessage. */
export function receiveSlack(incoming: Incoming): Received {
  return incoming.path.endsWith('/chat.postMessage')
    ? receivePost(incoming)
    : receiveWebhook(incoming);
}

/** One payload of a Slack incoming webhook: JSON, or the older form field `payload`. Answers `ok` or Slack's error word. */
function receiveWebhook({ body, contentType, path }: Incoming): Received {
  const isForm = contentType.startsWith('application/x-www-form-urlencoded');
  const json = isForm ? (new URLSearchParams(body).get('payload') ?? '') : body;
  const parsed = payload.safeParse(parseJson(json));
  if (!parsed.success) return refuse('invalid_payload', z.prettifyError(parsed.error));
  if (isEmpty(parsed.data)) {
    return refuse('invalid_payload', 'neither text nor blocks nor attachments');
  }
  return {
    outcome: 'accepted',
    message: understand(parsed.data, path),
    answer: plain(200, 'ok'),
  };
}

/**
 * chat.postMessage, as a bot calls it: JSON, a token, and a channel. The answer is 200 whether it took the message or not, and
 * says in JSON which. The token's form is checked, not the token: nobody here has given it out.
 * https://docs.slack.dev/reference/methods/chat.postMessage
 */
function receivePost({ body, authorization, path }: Incoming): Received {
  if (authorization === '') return refusePost('not_authed', 'no Authorization header');
  if (!/^Bearer xox[a-z]-\S+$/.test(authorization)) {
    return refusePost('invalid_auth', 'the Authorization header is not Bearer and a token xox…-…');
  }
  const parsed = payload.safeParse(parseJson(body));
  if (!parsed.success) return refusePost('invalid_json', z.prettifyError(parsed.error));
  if (!parsed.data.channel) return refusePost('channel_not_found', 'no channel is named');
  if (isEmpty(parsed.data)) {
    return refusePost('no_text', 'neither text nor blocks nor attachments');
  }
  return {
    outcome: 'accepted',
    message: understand(parsed.data, path),
    answer: json({ ok: true, channel: parsed.data.channel }),
  };
}

function isEmpty({ text, blocks = [], attachments = [] }: Payload): boolean {
  return !text?.trim() && blocks.length === 0 && attachments.length === 0;
}

function understand(data: Payload, path: string) {
  const attachments = data.attachments ?? [];
  const blocks = [...(data.blocks ?? []), ...attachments.flatMap((each) => each.blocks ?? [])];
  const header = blocks.find((each) => each.type === 'header')?.text?.text;
  const sections = blocks.filter((each) => each.type !== 'header').map((each) => each.text?.text);
  const attached = attachments[0];

  const lines = [data.text, ...attachments.flatMap((a) => [a.pretext, a.text]), ...sections]
    .filter((line) => line !== undefined && line.trim() !== '')
    .map((line) => line as string);
  const title = header ?? attached?.title ?? lines[0]?.split('\n')[0] ?? attached?.fallback ?? '';
  const fields: Field[] = [
    ...attachments
      .flatMap((a) => a.fields ?? [])
      .map((f) => ({ name: unescape(f.title ?? ''), value: flatten(f.value ?? '') })),
    ...blocks.flatMap((each) => each.fields ?? []).map((each) => splitField(each.text)),
  ];
  const raw = lines.join('\n');
  const buttons = [
    ...attachments.flatMap((a) => a.actions ?? []),
    ...blocks.flatMap((each) => each.elements ?? []),
  ];
  const to = data.channel ?? `#${path.split('/').filter(Boolean).at(-1) ?? 'general'}`;
  // Without a heading of its own, the first line is the heading and must not stand twice.
  const rest = (header ?? attached?.title) ? raw : raw.split('\n').slice(1).join('\n');
  return {
    channel: 'slack' as const,
    to,
    from: data.username,
    severity: severity(attachments[0]?.color, fields, raw, to),
    status: statusIn(title) ?? statusIn(raw),
    title: flatten(title),
    text: flatten(rest).trim(),
    ...(fields.length > 0 && { fields }),
    links: tidy([
      ...buttons.flatMap((b) =>
        link(typeof b.text === 'string' ? b.text : (b.text?.text ?? ''), b.url ?? ''),
      ),
      ...slackLinks([raw, ...attachments.flatMap((a) => a.fields ?? []).map((f) => f.value ?? '')]),
      ...link(data.username ?? '', attached?.title_link ?? ''),
    ]),
  };
}

/** `<https://…|label>` and bare addresses. */
function slackLinks(texts: string[]): Link[] {
  return texts.flatMap((text) => [
    ...[...text.matchAll(/<(https?:[^|>]+)(?:\|([^>]*))?>/g)].flatMap((match) =>
      link(unescape(match[2] ?? ''), unescape(match[1] ?? '')),
    ),
    ...linksInText(unescape(text.replaceAll(/<https?:[^>]*>/g, ' '))),
  ]);
}

function severity(
  color: string | undefined,
  fields: Field[],
  text: string,
  to: string,
): Severity | undefined {
  const named = fields.find((field) => field.name.toLowerCase() === 'severity');
  return (
    severityOf(named?.value ?? '') ??
    severityIn(text) ??
    severityOf(color ?? '') ??
    // The routing itself says it: #alerts-critical, #alerts-warnings, #alerts-general.
    severityOf(/critical|warning/.exec(to)?.[0] ?? '')
  );
}

/** A Block Kit field is one text; by custom its first line, in bold, is the name. */
function splitField(text: string): Field {
  const [first = '', ...rest] = text.split('\n');
  const name = unescape(first).replaceAll('*', '').replace(/:$/, '');
  return rest.length > 0
    ? { name, value: flatten(rest.join('\n')) }
    : { name: '', value: flatten(first) };
}

/** Slack's text as a person reads it: a link shows its label, and Slack's three escapes are undone. */
function flatten(text: string): string {
  return unescape(
    text.replaceAll(/<(https?:[^|>]+)\|([^>]*)>/g, '$2').replaceAll(/<(https?:[^>]+)>/g, '$1'),
  );
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function refuse(word: string, reason: string): Received {
  return { outcome: 'refused', reason, answer: plain(400, word) };
}

function refusePost(word: string, reason: string): Received {
  return { outcome: 'refused', reason, answer: json({ ok: false, error: word }) };
}

function json(body: unknown): Answer {
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify(body),
  };
}

function plain(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}
