import { percentileColours } from '../colours.ts';
import { graph, type Graph } from './graph.ts';
import type { Panel } from './panel.ts';

interface Percentiles extends Omit<Graph, 'queries' | 'colours'> {
  /** A histogram, without `_bucket`. */
  metric: string;
  /** Label matchers. */
  selector?: string;
  /** Longer than a few scrapes, for what is rare. */
  window?: string;
  unit: string;
}

/** p50, p95 and p99 of a histogram over time; with diamonds that open traces where the metric has exemplars. */
export function percentileGraph({ metric, selector, window, ...options }: Percentiles): Panel {
  const at = (q: number) => quantile({ q, metric, selector, window });
  return graph({
    ...options,
    colours: percentileColours,
    queries: [
      { expr: at(0.5), legend: 'p50' },
      { expr: at(0.95), legend: 'p95' },
      { expr: at(0.99), legend: 'p99', exemplars: true },
    ],
  });
}

interface Quantile {
  /** Between 0 and 1. */
  q: number;
  /** A histogram, without `_bucket`. */
  metric: string;
  /** Label matchers. */
  selector?: string | undefined;
  /** Labels to tell apart by. */
  by?: string[];
  window?: string | undefined;
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
