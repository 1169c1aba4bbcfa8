// What the lookout knows: questions to Prometheus, Alertmanager, Loki, Jaeger and the inbox, over their own APIs.

import { address, compose, getJson, waitFor } from './stack.ts';

/** One series of an instant query's answer. */
export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

export interface Target {
  labels: Record<string, string>;
  scrapeUrl: string;
  health: string;
  lastError: string;
}

export interface Rule {
  name: string;
  type: 'alerting' | 'recording';
  health: string;
  lastError?: string;
  query: string;
}

export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: 'pending' | 'firing';
}

export interface ExemplarSeries {
  seriesLabels: Record<string, string>;
  exemplars: { labels: Record<string, string>; value: string; timestamp: number }[];
}

async function prometheus(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
  const query = new URLSearchParams(parameters).toString();
  const answer = await getJson(`${address('prometheus', 9090)}/api/v1/${path}?${query}`);
  return (answer as { data: unknown }).data;
}

/** An instant query; a scalar's answer is one sample without labels. */
export async function query(expression: string): Promise<Sample[]> {
  const data = (await prometheus('query', { query: expression })) as
    { resultType: 'vector'; result: Sample[] } | { resultType: 'scalar'; result: [number, string] };
  return data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
}

export async function targets(): Promise<Target[]> {
  const data = await prometheus('targets', { state: 'active' });
  return (data as { activeTargets: Target[] }).activeTargets;
}

export async function rules(): Promise<Rule[]> {
  const { groups } = (await prometheus('rules')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

export async function alerts(): Promise<Alert[]> {
  return ((await prometheus('alerts')) as { alerts: Alert[] }).alerts;
}

/**
 * Waits until Prometheus has run for so many seconds since its start: before it has looked, nothing fires because nothing is known.
 *
 * @throws a minute later than that
 */
export async function waitUntilRunningFor(seconds: number, signal?: AbortSignal): Promise<void> {
  await waitFor(
    `Prometheus to have run for ${seconds} s`,
    seconds + 60,
    async (see) => {
      const [age] = see(await query('time() - process_start_time_seconds{job="prometheus"}'));
      return Number(age?.value[1]) > seconds;
    },
    signal,
  );
}

/** Waits until no alert but the Watchdog fires, Prometheus's or Loki's, or is about to, and says which does if that does not come. */
export async function waitUntilQuiet(seconds: number): Promise<void> {
  await waitFor('no alert but the Watchdog', seconds, async (see) => {
    const found = see({ prometheus: await alerts(), alertmanager: await activeAlerts() });
    const others = [...found.prometheus, ...found.alertmanager].filter(
      ({ labels }) => labels['alertname'] !== 'Watchdog',
    );
    return found.prometheus.length > 0 && others.length === 0;
  });
}

/** An alert as Alertmanager has it, Prometheus's or Loki's: it fires. */
export interface ActiveAlert {
  fingerprint: string;
  /** When it began to fire: another time each time. */
  startsAt: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  status: {
    state: 'unprocessed' | 'active' | 'suppressed';
    silencedBy: string[];
    inhibitedBy: string[];
  };
}

/** The alerts that fire, also those of which nobody is told. */
export async function activeAlerts(): Promise<ActiveAlert[]> {
  return (await getJson(`${address('alertmanager', 9093)}/api/v2/alerts`)) as ActiveAlert[];
}

/** Whether somebody is not told of an alert because it is not the time for it. Known once its group_wait is over. */
export async function isMuted(alertname: string): Promise<boolean> {
  const filter = encodeURIComponent(`alertname="${alertname}"`);
  const url = `${address('alertmanager', 9093)}/api/v2/alerts/groups?filter=${filter}`;
  const groups = (await getJson(url)) as { alerts: { status: { mutedBy: string[] } }[] }[];
  return groups.some(({ alerts }) => alerts.some(({ status }) => status.mutedBy.length > 0));
}

/** Every metric name that Prometheus has now or had within the last hours. */
export async function metricNames(): Promise<string[]> {
  return (await prometheus('label/__name__/values')) as string[];
}

/** The exemplars kept of the series a selector names, of the last ten minutes. */
export async function exemplars(selector: string): Promise<ExemplarSeries[]> {
  const now = Date.now() / 1000;
  return (await prometheus('query_exemplars', {
    query: selector,
    start: String(now - 600),
    end: String(now + 60),
  })) as ExemplarSeries[];
}

/** A log line as Loki gives it: its text, and its labels together with its structured metadata. */
export interface LogLine {
  text: string;
  fields: Record<string, string>;
}

/** The lines a LogQL query finds in the last half hour, newest first, 5,000 at most. */
export async function logs(logql: string): Promise<LogLine[]> {
  const parameters = new URLSearchParams({ query: logql, since: '30m', limit: '5000' });
  const answer = (await getJson(
    `${address('loki', 3100)}/loki/api/v1/query_range?${parameters.toString()}`,
  )) as { data: { result: { stream: Record<string, string>; values: [string, string][] }[] } };
  return answer.data.result.flatMap(({ stream, values }) =>
    values.map(([, text]) => ({ text, fields: stream })),
  );
}

export interface Span {
  service: string;
  name: string;
  id: string;
  /** The parent's span id; none for the root, or where the parent is not in the trace. */
  parent: string | undefined;
  tags: Record<string, unknown>;
  /** The attributes of the process that made it. */
  process: Record<string, unknown>;
}

interface JaegerTrace {
  processes: Record<string, { serviceName: string; tags: KeyValue[] }>;
  spans: {
    spanID: string;
    operationName: string;
    processID: string;
    references: { refType: string; traceID: string; spanID: string }[];
    tags: KeyValue[];
  }[];
}

interface KeyValue {
  key: string;
  value: unknown;
}

function asRecord(tags: KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** Every span Jaeger has of a trace. Throws while it knows none. */
export async function trace(id: string): Promise<Span[]> {
  const answer = await getJson(`${address('jaeger', 16686)}/api/traces/${id}`);
  const [found] = (answer as { data: JaegerTrace[] }).data;
  return (found?.spans ?? []).map((span) => ({
    service: found?.processes[span.processID]?.serviceName ?? '?',
    name: span.operationName,
    id: span.spanID,
    parent: span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
    tags: asRecord(span.tags),
    process: asRecord(found?.processes[span.processID]?.tags),
  }));
}

/** What reached the world outside, as the inbox tells it. */
export interface Message {
  id: string;
  at: string;
  channel: 'slack' | 'pagerduty' | 'sms' | 'mail' | 'webhook' | 'heartbeat';
  to: string;
  severity?: string;
  status?: 'firing' | 'resolved';
  title: string;
  text: string;
  links: { kind: string; label: string; url: string }[];
}

/** The inbox's messages of one channel, newest first. */
export async function inbox(channel: Message['channel']): Promise<Message[]> {
  const answer = await getJson(
    `${address('outside', 8025)}/api/messages?channel=${channel}&limit=500`,
  );
  return answer as Message[];
}

interface Node {
  type: string;
  name?: string;
  [key: string]: unknown;
}

/** The metrics an expression reads, by Prometheus's own parser. Throws when it does not parse. */
export async function metricsIn(expression: string): Promise<string[]> {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(walk);
    } else if (typeof node === 'object' && node !== null) {
      const { type, name } = node as Node;
      if ((type === 'vectorSelector' || type === 'matrixSelector') && name) names.add(name);
      Object.values(node).forEach(walk);
    }
  };
  walk(await prometheus('parse_query', { query: expression }));
  return [...names];
}

/** The rows of a query that Grafana's role may ask, over the network and by the password that Grafana has. */
export async function rowsOf(sql: string): Promise<unknown[]> {
  const asReporting =
    'PGPASSWORD=$(cat /secrets/reporting_password) exec psql -h postgres -U reporting -d trading -At -v ON_ERROR_STOP=1 -c "$0"';
  const output = await compose(
    ...['exec', '-T', 'postgres', 'sh', '-c', asReporting, `SELECT to_json(q) FROM (${sql}) q`],
  );
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

/**
 * What an expression has had over the last five minutes, or as many seconds as are asked for: series; of Jaeger traces, or
 * services that call each other; of Postgres the rows that it has now. Instant: what Prometheus or Loki says of it now.
 */
export async function seriesOf(
  datasource: 'prometheus' | 'loki' | 'jaeger' | 'postgres',
  expression: string,
  { seconds = 300, instant = false } = {},
): Promise<unknown[]> {
  if (datasource === 'postgres') return rowsOf(expression);
  const end = Math.floor(Date.now() / 1000);
  const start = end - seconds;
  if (datasource === 'jaeger') {
    const url = new URL(expression, address('jaeger', 16686));
    // Traces are asked for in microseconds, the map of services in milliseconds.
    url.searchParams.set('start', `${start}000000`);
    url.searchParams.set('end', `${end}000000`);
    url.searchParams.set('endTs', `${end}000`);
    url.searchParams.set('lookback', `${seconds}000`);
    return ((await getJson(url.href)) as { data: unknown[] }).data;
  }
  if (datasource === 'prometheus' && instant) return query(expression);
  const range = { query: expression, start: String(start), end: String(end), step: '15' };
  if (datasource === 'prometheus') {
    return ((await prometheus('query_range', range)) as { result: unknown[] }).result;
  }
  const path = instant ? 'query' : 'query_range';
  // As many lines as Grafana asks for (maxLines).
  const parameters = new URLSearchParams({ ...range, limit: '1000' }).toString();
  const answer = await getJson(`${address('loki', 3100)}/loki/api/v1/${path}?${parameters}`);
  return (answer as { data: { result: unknown[] } }).data.result;
}
