import { startStandIn } from './server.ts';

/** An envelope, as Sentry gets it: a line of headers, and for each item a line of headers and its payload. */
export interface Envelope {
  headers: Record<string, unknown>;
  items: { headers: { type: string }; payload: SentryEvent }[];
}

export interface SentryEvent {
  event_id: string;
  level: string;
  release: string;
  environment: string;
  server_name: string;
  platform: string;
  message: string;
  transaction?: string;
  tags: Record<string, string>;
  contexts: Record<string, Record<string, unknown>>;
  user?: { id: string };
  extra: Record<string, unknown>;
  exception?: {
    values: {
      type: string;
      value: string;
      stacktrace?: { frames: { filename: string; function: string; lineno: number }[] };
    }[];
  };
}

/** A receiver of envelopes, standing in for Sentry. */
export interface SentryStandIn extends AsyncDisposable {
  dsn: string;
  /** Requests that came, oldest first, as they came. */
  requests: { path: string; headers: NodeJS.Dict<string | string[]>; body: string }[];
  /** Events of all requests that were answered well. */
  events: SentryEvent[];
  /** What to answer; `hang` is no answer at all. */
  answer: { status: number; headers?: Record<string, string> } | 'hang';
}

export async function startSentry(): Promise<SentryStandIn> {
  const server = await startStandIn((request, body, response) => {
    const text = body.toString();
    sentry.requests.push({ path: request.url ?? '', headers: request.headers, body: text });
    if (sentry.answer === 'hang') return;
    const { status, headers } = sentry.answer;
    if (status < 300) sentry.events.push(...parse(text).items.map(({ payload }) => payload));
    response.writeHead(status, headers).end('{}');
  });
  const sentry: SentryStandIn = {
    dsn: `${server.url.replace('://', '://0123456789abcdef@')}/42`,
    requests: [],
    events: [],
    answer: { status: 200 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return sentry;
}

function parse(text: string): Envelope {
  const [headers = '{}', ...rest] = text.trimEnd().split('\n');
  const items: Envelope['items'] = [];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    items.push({
      headers: JSON.parse(rest[at] ?? '') as { type: string },
      payload: JSON.parse(rest[at + 1] ?? '') as SentryEvent,
    });
  }
  return { headers: JSON.parse(headers) as Record<string, unknown>, items };
}
