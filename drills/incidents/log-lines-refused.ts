import { address } from '../../tests/stack.ts';
import type { Incident } from '../drill.ts';
import { again } from '../ways.ts';

/** A year ago, in nanoseconds: Loki takes nothing that is older than it keeps lines. */
const longAgo = (): string => `${Date.now() - 365 * 86_400_000}000000`;

export const incident: Incident = {
  what: 'Sends Loki log lines that are too old for it.',
  by: again(1000, () => {
    const stream = { stream: { service_name: 'drill' }, values: [[longAgo(), 'too late']] };
    return fetch(`${address('loki', 3100)}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: [stream] }),
      signal: AbortSignal.timeout(5000),
    });
  }),
  raises: { alertname: 'LokiIngestErrors' },
  seconds: 40,
};
