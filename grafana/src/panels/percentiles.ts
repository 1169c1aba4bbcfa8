import { percentileColours } from '../colours.ts';
import { graph, type Graph } from './graph.ts';
import type { Panel } from './panel.ts';

interface Percentiles extends Omit<Graph, 'queries' | 'colours'> {
  /** A histogram, without `_bucket`. */
  metric: string;
  /** Label matchers. */
  selector?: string;
  unit: string;
}

/** p50, p95 and p99 of a histogram over time; each diamond is one of what was measured: a click opens its trace. */
export function percentileGraph({ metric, selector = '', ...options }: Percentiles): Panel {
  return graph({
    ...options,
    colours: percentileColours,
    queries: [
      { expr: quantile({ q: 0.5, metric, selector }), legend: 'p50' },
      { expr: quantile({ q: 0.95, metric, selector }), legend: 'p95' },
      { expr: quantile({ q: 0.99, metric, selector }), legend: 'p99', exemplars: true },
    ],
  });
}

interface Quantile {
  /** Between 0 and 1. */
  q: number;
  /** A histogram, without `_bucket`. */
  metric: string;
  /** Label matchers. */
  selector?: string;
  /** Labels to tell apart by. */
  by?: string[];
  window?: string;
}

/** A quantile of a classic histogram. */
export function quantile({
  q,
  metric,
  selector = '',
  by = [],
  window = '$__rate_interval',
}: Quantile): string {
  const labels = [...by, 'le'].join(', ');
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${metric}_bucket{${selector}}[${window}])))`;
}
