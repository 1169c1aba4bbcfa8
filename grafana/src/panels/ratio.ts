import { graph, type Graph } from './graph.ts';
import type { Panel } from './panel.ts';
import { stat, type Stat } from './stat.ts';

/** A share of a whole: two rates with the same labels. */
interface Ratio {
  part: string;
  whole: string;
}

/** Zero, not absent, where the part is not there; absent where there is no whole. */
export function ratio({ part, whole }: Ratio): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}

/** A share now, red where its alert fires (`thresholds`). */
export function ratioStat({ part, whole, ...options }: Ratio & Omit<Stat, 'expr' | 'unit'>): Panel {
  return stat({ decimals: 2, ...options, unit: 'percentunit', expr: ratio({ part, whole }) });
}

/** Shares over time, with a dashed line where their alert fires (`limit`). */
export function ratioGraph({
  part,
  whole,
  legend,
  ...options
}: Ratio & { legend: string } & Omit<Graph, 'queries' | 'unit'>): Panel {
  return graph({
    ...options,
    unit: 'percentunit',
    queries: [{ expr: ratio({ part, whole }), legend }],
  });
}
