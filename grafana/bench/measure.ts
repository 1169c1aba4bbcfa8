import { performance } from 'node:perf_hooks';

import { rowsOf, seriesOf } from '../../tests/lookout.ts';
import { type DashboardQuery, dashboardQueries, LAST_HOUR, type Shown } from '../src/queries.ts';

/** A question, and who asks it: the same may stand on several dashboards. */
export interface Question {
  askers: DashboardQuery[];
  /** As it is asked of 15 days. */
  ofAllDays: DashboardQuery;
}

/** What came of asking. */
export interface Measured {
  question: Question;
  /** The median, in milliseconds; none where it could not be asked. */
  ms: number | undefined;
  /** Of the first time, which found nothing in memory. */
  coldMs: number | undefined;
  /** Series, or rows, lines' streams, traces. */
  series: number;
  /** Of all days, asked once; only of Prometheus, which alone has them. */
  allDaysMs: number | undefined;
  error: string | undefined;
}

/** 1,440 points; scrapes are 10 s apart. */
const allDays = (days: number): Shown => ({
  range: `${days}d`,
  interval: `${ALL_DAYS_STEP}s`,
  rateInterval: `${ALL_DAYS_STEP + 10}s`,
  auto: `${ALL_DAYS_STEP}s`,
});
const HOUR = 3600;
const HOUR_STEP = 15;
const ALL_DAYS_STEP = 900;
const TIMES = 3;

/** Every question of every dashboard once, as a visitor finds them and with All chosen. */
export function questions(days: number): Question[] {
  const found = new Map<string, Question>();
  for (const selection of ['defaults', 'all'] as const) {
    const ofAllDays = dashboardQueries(selection, allDays(days));
    for (const [place, query] of dashboardQueries(selection, LAST_HOUR).entries()) {
      const { datasource, expr, instant, asker } = query;
      const key = JSON.stringify([datasource, expr, instant, asker.kind === 'variable']);
      const known = found.get(key);
      const wide = ofAllDays[place];
      if (known !== undefined) known.askers.push(query);
      else if (wide !== undefined) found.set(key, { askers: [query], ofAllDays: wide });
    }
  }
  return [...found.values()];
}

/** The history in the second Prometheus. */
export interface History {
  url: string;
  /** Its end, a Unix time in seconds. */
  end: number;
  days: number;
}

/**
 * Asks: of Prometheus the history, of the others the running stack.
 *
 * @param psqlMs what any question to Postgres takes on the way through Docker: see `psqlOverhead`
 */
export async function measure(
  question: Question,
  { url, end, days }: History,
  psqlMs: number,
): Promise<Measured> {
  const [query] = question.askers;
  if (query === undefined) throw new Error('a question that nobody asks');
  const { datasource, expr, instant } = query;
  const measured: Measured = {
    question,
    ...{ ms: undefined, coldMs: undefined, allDaysMs: undefined, error: undefined, series: 0 },
  };
  const ask = () =>
    datasource === 'prometheus'
      ? askHistory(url, query, { from: end - HOUR, to: end, step: HOUR_STEP })
      : seriesOf(datasource, expr, { seconds: HOUR, instant });
  const overhead = datasource === 'postgres' ? psqlMs : 0;
  try {
    const cold = await timed(ask);
    measured.coldMs = Math.max(0, cold.ms - overhead);
    measured.series = cold.answer.length;
    const times = [];
    for (let n = 0; n < TIMES; n += 1) times.push((await timed(ask)).ms);
    measured.ms = Math.max(0, median(times) - overhead);
    if (datasource === 'prometheus') {
      const all = { from: end - days * 24 * HOUR, to: end, step: ALL_DAYS_STEP };
      const { ms } = await timed(() => askHistory(url, question.ofAllDays, all));
      measured.allDaysMs = ms;
    }
  } catch (error) {
    measured.error = error instanceof Error ? error.message : String(error);
  }
  return measured;
}

/** What it takes to ask Postgres for nothing, in milliseconds: nearly all of it is `docker compose exec`. */
export async function psqlOverhead(): Promise<number> {
  const times = [];
  for (let n = 0; n < TIMES; n += 1) times.push((await timed(() => rowsOf('SELECT 1'))).ms);
  return median(times);
}

async function timed<T>(ask: () => Promise<T>): Promise<{ ms: number; answer: T }> {
  const started = performance.now();
  const answer = await ask();
  return { ms: performance.now() - started, answer };
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}

/** As Grafana asks: variables for the series that there are, the others for a range or for its end. */
async function askHistory(
  url: string,
  { asker, expr, instant }: DashboardQuery,
  { from, to, step }: { from: number; to: number; step: number },
): Promise<unknown[]> {
  const range = { start: String(from), end: String(to) };
  const form = new URLSearchParams(
    asker.kind === 'variable'
      ? { 'match[]': expr, ...range }
      : instant
        ? { query: expr, time: String(to) }
        : { query: expr, ...range, step: String(step) },
  );
  const path = asker.kind === 'variable' ? 'series' : instant ? 'query' : 'query_range';
  const response = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    body: form,
    // Prometheus itself gives up after two minutes.
    signal: AbortSignal.timeout(130_000),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${answer.slice(0, 500)}`);
  const { data } = JSON.parse(answer) as {
    data: unknown[] | { result: unknown[]; resultType: string };
  };
  if (Array.isArray(data)) return data;
  return data.resultType === 'scalar' ? [data.result] : data.result;
}
