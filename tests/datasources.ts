// The links between signals, as Grafana is told of them. Tests walk these, so that what they prove is what a user clicks.

import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import type { LogLine } from './lookout.ts';
import { root } from './stack.ts';

interface DerivedField {
  matcherType: 'label' | 'regex';
  matcherRegex: string;
}

interface Datasource {
  type: string;
  jsonData: {
    exemplarTraceIdDestinations?: { name: string; datasourceUid: string }[];
    derivedFields?: DerivedField[];
    tracesToLogsV2?: { query: string };
    tracesToMetrics?: { tags: { key: string; value?: string }[]; queries: { query: string }[] };
  };
}

const file = `${root}grafana/provisioning/datasources/datasources.yml`;
const { datasources } = parse(readFileSync(file, 'utf8')) as { datasources: Datasource[] };

function settings(type: string): Datasource['jsonData'] {
  const found = datasources.find((one) => one.type === type);
  if (found === undefined) throw new Error(`${file} has no data source of type ${type}`);
  return found.jsonData;
}

/** The label of an exemplar that holds the trace id. */
export function exemplarLabel(): string {
  const [destination] = settings('prometheus').exemplarTraceIdDestinations ?? [];
  if (destination === undefined) throw new Error(`${file} links exemplars to nothing`);
  return destination.name;
}

/** The trace id that Grafana makes a link of on a log line, if it finds one. */
export function traceIdOf({ text, fields }: LogLine): string | undefined {
  for (const { matcherType, matcherRegex } of settings('loki').derivedFields ?? []) {
    if (matcherType === 'label') {
      const name = new RegExp(`^(?:${matcherRegex})$`);
      const found = Object.entries(fields).find(([field]) => name.test(field));
      if (found !== undefined) return found[1];
    } else {
      const found = new RegExp(matcherRegex).exec(text)?.[1];
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The LogQL query behind "Logs for this trace". */
export function logsOfTrace(traceId: string): string {
  const query = settings('jaeger').tracesToLogsV2?.query;
  if (query === undefined) throw new Error(`${file} links traces to no logs`);
  return withoutEscape(query).replaceAll('${__trace.traceId}', traceId);
}

/** The PromQL queries behind a span's "Related metrics", and the attributes of its process that they need. */
export function metricsOfSpan(process: Record<string, unknown>): string[] {
  const links = settings('jaeger').tracesToMetrics;
  if (links === undefined) throw new Error(`${file} links traces to no metrics`);
  const matchers = links.tags.map(({ key, value }) => {
    const tag = process[key];
    if (typeof tag !== 'string') throw new Error(`the span's process has no attribute ${key}`);
    return `${value ?? key}="${tag}"`;
  });
  return links.queries.map(({ query }) =>
    withoutEscape(query).replaceAll('$__tags', matchers.join(',')),
  );
}

/** In provisioning files `$$` stands for `$`. */
function withoutEscape(text: string): string {
  return text.replaceAll('$$', '$');
}
