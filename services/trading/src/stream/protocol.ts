import { z } from 'zod';
import type { User } from '../auth/sessions.ts';

/**
 * What is said on `GET /api/stream`: JSON, in text frames of at most 4 kB from the client, at most 20 of them a second.
 *
 * The client says
 * - `{"type": "authenticate", "token": "…"}` first, within 5 seconds, unless its upgrade request had an Authorization header, which
 *   a browser cannot send. A token never stands in the URL, because logs and histories keep those.
 * - `{"type": "subscribe", "characters": "all"}` or a list of ids: answered with the quotes of all that are subscribed to now, and
 *   from then on with each change of one of them.
 * - `{"type": "unsubscribe", "characters": "all"}` or a list of ids
 * - `{"type": "ping"}`: answered by a pong after everything that was sent before it
 *
 * The server says
 * - `{"type": "authenticated", "user": {…}}`
 * - `{"type": "quotes", "quotedAt": "…", "quotes": […]}`: those that changed. Who reads too slowly for every round gets the newest.
 * - `{"type": "order", "order": {…}}`: an order of the customer's own as it is now, after each change; may come twice
 * - `{"type": "pong"}`
 * - `{"type": "error", "code": "…", "detail": "…"}`, and closes: see CLOSE
 *
 * Each end may ping the other by the WebSocket protocol; the server does every 30 seconds and drops who does not answer.
 * Origin is not looked at: there are no cookies, so a foreign page has no token to send and nothing it could hijack.
 */
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
