import { z } from 'zod';
import type { User } from '../auth/sessions.ts';

/**
 * What is said on `GET /api/stream`, in words; the OpenAPI document tells it so. A token never stands in the URL, because logs and
 * histories keep those. Origin is not looked at: there are no cookies, so a foreign page has no token to send and nothing it
 * could hijack.
 */
export const PROTOCOL = `
Messages are JSON in text frames; those of the client have at most 4 kB, and there are at most 20 a second.

The client says:

- \`{"type": "authenticate", "token": "…"}\` first, within 5 seconds, unless the handshake had an \`Authorization\` header, which a
  browser cannot send
- \`{"type": "subscribe", "characters": ["…"]}\`, or \`"all"\` for the list: answered with the quotes of all that are subscribed to
  now, and from then on with each change of one
- \`{"type": "unsubscribe", "characters": ["…"]}\`, or \`"all"\` for the list
- \`{"type": "ping"}\`: answered by a pong, after everything that was said before it

The server says:

- \`{"type": "authenticated", "user": {…}}\`
- \`{"type": "quotes", "quotedAt": "…", "quotes": [{"characterId", "bid", "ask", "last", "change", "haltedUntil"}]}\`: those that changed,
  5 seconds late without the real-time plan. Who reads too slowly for every round gets fewer of them, and the newest
- \`{"type": "order", "order": {…}}\`: a limit order of your own as it is after a change; may come twice
- \`{"type": "pong"}\`
- \`{"type": "error", "code": "…", "detail": "…"}\`, and then it closes

It closes with 1001 (the server stops: connect again), 1008 (a message was wrong, or there were too many), 1009 (one was too
large), 1011 (a fault of the server), 1013 (too many streams, or the database is away: connect later), 4401 (no valid token in
time, or the session has ended) or 4408 (messages were read too slowly). It pings every 30 seconds, by the WebSocket protocol, and
drops who does not answer.
`.trim();

/** What the server says. */
export type ServerMessage =
  | { type: 'authenticated'; user: User }
  | { type: 'quotes'; quotedAt: string; quotes: unknown[] }
  | { type: 'order'; order: unknown }
  | { type: 'pong' }
  | { type: 'error'; code: string; detail: string };

/** The status codes of closing that are ours; by itself ws closes with 1002 (bad frame), 1007 (no UTF-8) and 1009 (over 4 kB). */
export const CLOSE = {
  /** The process stops; connect again. */
  goingAway: 1001,
  /** A message was wrong, or there were too many. */
  policy: 1008,
  /** A fault of ours. */
  internalError: 1011,
  /** Too many connections, or the database is away; connect again later. */
  tryAgainLater: 1013,
  /** No token in time, one that is not valid, or the session has ended. */
  unauthenticated: 4401,
  /** The client read too slowly. */
  tooSlow: 4408,
} as const;

const CHOICE = 'expected "all" or a list of 1 to 100 ids of characters';

export type ClientMessage = z.output<ReturnType<typeof clientMessages>>;

/** What a client may say, where these characters are traded. */
export function clientMessages(characters: ReadonlySet<string>) {
  const known = z
    .string({ error: CHOICE })
    .refine((id) => characters.has(id), { error: 'there is no such character' });
  const list = z.array(known).min(1, { error: CHOICE }).max(100, { error: CHOICE });
  const choice = z.union([z.literal('all').transform(() => [...characters]), list], {
    error: CHOICE,
  });
  return z.discriminatedUnion(
    'type',
    [
      z.strictObject({
        type: z.literal('authenticate'),
        token: z.string({ error: 'expected the token of POST /auth/login' }),
      }),
      z.strictObject({ type: z.literal('subscribe'), characters: choice }),
      z.strictObject({ type: z.literal('unsubscribe'), characters: choice }),
      z.strictObject({ type: z.literal('ping') }),
    ],
    { error: 'expected an object whose type is authenticate, subscribe, unsubscribe or ping' },
  );
}
