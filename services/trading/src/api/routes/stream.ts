import { Problem } from '../../problem.ts';
import { PATH } from '../../stream/handshake.ts';
import { PROTOCOL } from '../../stream/protocol.ts';
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
