import { graph } from './graph.ts';
import type { Panel } from './panel.ts';
import { percentileGraph } from './percentiles.ts';
import { stat } from './stat.ts';

export function openStreams(width: number): Panel {
  return stat({
    title: 'Streams open',
    description:
      'Price streams that are open now. Bad: near 1,000 for each process of the API, the most it takes; or 0 all at once.',
    unit: 'short',
    decimals: 0,
    width,
    expr: 'sum(websocket_connections)',
  });
}

export function streamsByInstance(width: number): Panel {
  return graph({
    title: 'Streams by instance',
    description:
      'Open streams. Bad: one instance with nearly all of them, or a fall to 0: it was cut off.',
    unit: 'short',
    decimals: 0,
    width,
    queries: [{ expr: 'websocket_connections', legend: '{{instance}}' }],
  });
}

export function streamMessages(width: number): Panel {
  return graph({
    title: 'Messages of streams',
    description:
      'Messages per second by type, in both directions. Bad: `invalid` that keeps rising (a client that speaks wrongly), or open streams without messages.',
    unit: 'cps',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (direction, type) (rate(websocket_messages_total[$__rate_interval]))',
        legend: '{{direction}} {{type}}',
      },
    ],
  });
}

export function streamDurations(width: number): Panel {
  return percentileGraph({
    title: 'How long streams last',
    description:
      'From a customer’s authentication to the end of the stream. Bad: most end within seconds: clients are dropped and come again.',
    unit: 's',
    width,
    metric: 'price_stream_duration_seconds',
    window: '1h',
  });
}
