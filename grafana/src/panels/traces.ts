import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as nodeGraph from '@grafana/grafana-foundation-sdk/nodegraph';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { traces } from '../datasources.ts';
import { panel, type Panel, type PanelText } from './panel.ts';

/** A question to Jaeger, as Grafana's data source has it; the SDK has no type for it. */
export interface TracesQuery {
  queryType: 'search' | 'dependencyGraph';
  service?: string;
  /** As Jaeger's search form has them: `error=true`. */
  tags?: string;
  minDuration?: string;
  limit?: number;
}

interface TraceList extends Omit<PanelText, 'unit'> {
  search: Omit<TracesQuery, 'queryType'>;
}

/** Traces that a search finds, newest first. A click on one opens it. */
export function traceList({ search, ...text }: TraceList): Panel {
  return panel(new table.PanelBuilder(), text, traces, [
    query({ queryType: 'search', limit: 20, ...search }),
  ]);
}

/** Which service calls which, and how often. */
export function serviceMap(text: Omit<PanelText, 'unit'>): Panel {
  return panel(new nodeGraph.PanelBuilder(), text, traces, [
    query({ queryType: 'dependencyGraph' }),
  ]);
}

function query(options: TracesQuery): Builder<Dataquery> {
  return {
    build: () => ({
      refId: 'A',
      datasource: traces,
      ...options,
      _implementsDataqueryVariant: () => {},
    }),
  };
}
