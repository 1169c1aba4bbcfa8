import { Problem } from '../../problem.ts';
import { PATH } from '../../stream/handshake.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';

/** The stream as a description, and what a request gets that is no WebSocket handshake. */
export function streamEndpoints(): Endpoint[] {
  return [
    endpoint(
      {
        method: 'get',
        path: PATH,
        operationId: 'stream',
        tag: 'Market',
        summary: 'Quotes and your own orders, as they change (WebSocket)',
        description: PROTOCOL,
        answers: { 101: { description: 'The connection is a WebSocket (RFC 6455) from now on' } },
        problems: { 426: 'The request is no WebSocket handshake' },
      },
      () => {
        throw new Problem({
          status: 426,
          code: 'upgrade-required',
          title: 'Upgrade required',
          detail:
            'A WebSocket handshake of version 13 is expected: connect to this address with ws:// or wss:// in place of http:// or https://.',
          headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' },
        });
      },
    ),
  ];
}

const PROTOCOL = `
Messages are JSON in text frames; those of the client have at most 4 kB, and there are at most 20 a second.

The client says:

- \`{"type": "authenticate", "token": "…"}\` first, within 5 seconds, unless the handshake had an \`Authorization\` header
- \`{"type": "subscribe", "characters": ["…"]}\` or \`"characters": "all"\`: answered with the quotes of all that are subscribed to
- \`{"type": "unsubscribe", "characters": ["…"]}\` or \`"characters": "all"\`
- \`{"type": "ping"}\`

The server says:

- \`{"type": "authenticated", "user": {…}}\`
- \`{"type": "quotes", "quotedAt": "…", "quotes": [{"characterId", "bid", "ask", "last"}]}\`: those that changed
- \`{"type": "order", "order": {…}}\`: an order of your own as it is after a change; may come twice
- \`{"type": "pong"}\`
- \`{"type": "error", "code": "…", "detail": "…"}\`, and then it closes

It closes with 1001 (the server stops: connect again), 1008 (a message was wrong, or there were too many), 1009 (a message was too
large), 1011 (a fault of the server), 1013 (too many streams, or the database is away: connect later), 4401 (no valid token, or the
session has ended) or 4408 (the messages were read too slowly). Pings of the WebSocket protocol have to be answered.
`.trim();
