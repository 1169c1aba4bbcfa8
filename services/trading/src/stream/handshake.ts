import type { IncomingMessage } from 'node:http';
import { captureCarrier, type Carrier } from '@crows-nest/telemetry';

export const PATH = '/api/stream';

/**
 * Whether a request opens a stream: a WebSocket handshake as RFC 6455, 4.2.1 wants it. Any other request is left to the HTTP API,
 * which says what is wrong with it.
 */
export function isHandshake({ method, url = '', headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    url.split('?')[0] === PATH &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  );
}

/** The ids and the trace that a request brings, where they are well formed; new ones otherwise. */
export function carrierOf({ headers }: IncomingMessage): Carrier {
  const made = captureCarrier();
  const requestId = wellFormed(headers['x-request-id']) ?? made.requestId;
  const { traceparent } = headers;
  return {
    requestId,
    correlationId: wellFormed(headers['x-correlation-id']) ?? requestId,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
  };
}

function wellFormed(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(id) ? id : undefined;
}
