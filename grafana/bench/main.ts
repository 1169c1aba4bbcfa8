import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { query } from '../../tests/lookout.ts';
import { address, getJson } from '../../tests/stack.ts';
import { type Found, openMetrics, samplesIn, SCRAPE, seriesFrom, windowsOf } from './history.ts';
import { measure, type Measured, psqlOverhead, questions } from './measure.ts';
import { createHistoryPrometheus, type HistoryPrometheus } from './prometheus.ts';

/**
 * How long the dashboards' queries take with 15 days behind them: every one over the last hour, as a visitor finds it, and those to
 * Prometheus over all days as well. Needs a running stack (`make up`), whose series it reads; 15 days of them are made up and
 * put into a second Prometheus, which it removes at the end. To reach: 500 ms each over the hour. Exits 1 when one takes longer or
 * cannot be asked, or when one that should have data has none, 130 when it was interrupted.
 *
 *   npm run bench -w @crows-nest/grafana
 */

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '15' },
    /**
     * Seconds between two samples older than two hours, a multiple of 10. Nothing that is judged looks so far back, and the column of
     * all days asks for a point each 15 minutes. promtool takes in some 250,000 samples a second: at 120 about six minutes with
     * 8,000 series; at 10, as in a real history, more than an hour.
     */
    step: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
  },
});
const LIMIT_MS = 500;
const SLOWEST = 5;

// Who listened may be gone (`| head`); what was started is removed all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    console.log(signal.aborted ? 'Still removing the second Prometheus.' : `${name}: removing.`);
    interruption.abort(new Error('interrupted'));
  });
}

/** What the running stack's Prometheus has had within the last hour, which is what a dashboard shows. */
async function found(): Promise<{ samples: Found[]; types: Map<string, string> }> {
  // With their names, which other functions over time take away. OpenMetrics has no native histograms: they have no value.
  const samples = await query('last_over_time({__name__!=""}[1h])');
  const metadata = (await getJson(`${address('prometheus', 9090)}/api/v1/metadata`)) as {
    data: Record<string, { type: string }[]>;
  };
  const types = Object.entries(metadata.data).map(([name, [first]]): [string, string] => [
    name,
    first?.type ?? 'unknown',
  ]);
  return {
    samples: samples.filter(({ value }) => (value as unknown) !== undefined),
    types: new Map(types),
  };
}

/** @returns the history's end, a Unix time in seconds */
async function load(prometheus: HistoryPrometheus, days: number): Promise<number> {
  const { samples, types } = await found();
  const end = Math.floor(Date.now() / 1000 / SCRAPE) * SCRAPE;
  const series = seriesFrom(samples, types, end);
  const windows = windowsOf(end, days, Number(values.step));
  console.log(`${series.length} series, ${days} days of them in ${windows.length} windows`);
  const started = performance.now();
  const start = windows[0]?.from ?? end;
  let done = 0;
  for (const [place, window] of windows.entries()) {
    const windowStarted = performance.now();
    await prometheus.load(openMetrics(series, window, start, values.seed));
    const count = series.length * samplesIn(window);
    done += count;
    console.log(
      `  ${place + 1} of ${windows.length}: ${count} samples in ${seconds(windowStarted)} s`,
    );
  }
  console.log(`${done} samples in ${seconds(started)} s`);
  return end;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

/** @returns the exit code */
async function bench(prometheus: HistoryPrometheus): Promise<number> {
  const days = Number(values.days);
  const end = await load(prometheus, days);
  const history = { url: await prometheus.start(), end, days };
  const psqlMs = await psqlOverhead();
  console.log(`psql through Docker: ${psqlMs.toFixed(0)} ms, taken off what Postgres takes\n`);

  const all = questions(days);
  const results: Measured[] = [];
  for (const question of all) {
    signal.throwIfAborted();
    results.push(await measure(question, history, psqlMs));
  }
  return judge(results);
}

function judge(results: Measured[]): number {
  const failed = results.filter(({ error }) => error !== undefined);
  const slow = results.filter(({ ms }) => (ms ?? 0) > LIMIT_MS);
  const empty = results.filter(
    ({ question: { askers }, error, series }) =>
      error === undefined &&
      series === 0 &&
      askers.some(({ expectsData, datasource }) => expectsData && datasource === 'prometheus'),
  );

  console.log(`The slowest of ${results.length} over an hour:`);
  table(slowest(results, ({ ms }) => ms));
  console.log(
    `\nThe slowest over all days, one sample each ${values.step} s, which are not judged:`,
  );
  table(slowest(results, ({ allDaysMs }) => allDaysMs));
  if (slow.length > 0) {
    console.log(`\n${slow.length} took over ${LIMIT_MS} ms:`);
    table(slow);
  }
  if (empty.length > 0) {
    console.log(`\n${empty.length} should have data but found none in the history:`);
    table(empty);
  }
  if (failed.length > 0) {
    console.log(`\n${failed.length} could not be asked:`);
    for (const one of failed) console.log(`${nameOf(one)}: ${one.error ?? ''}`);
  }
  return slow.length + empty.length + failed.length > 0 ? 1 : 0;
}

function slowest(results: Measured[], by: (one: Measured) => number | undefined): Measured[] {
  return results.toSorted((a, b) => (by(b) ?? 0) - (by(a) ?? 0)).slice(0, SLOWEST);
}

function table(results: Measured[]): void {
  console.log('  1 h, ms    cold  15 d, ms  series  dashboard, panel');
  for (const one of results) {
    const cells = [one.ms, one.coldMs, one.allDaysMs].map((ms) => ms?.toFixed(0) ?? '-');
    const row = [...cells, String(one.series)];
    const widths = [9, 6, 8, 6];
    const text = row.map((cell, place) => cell.padStart(widths[place] ?? 0)).join('  ');
    console.log(`${text}  ${nameOf(one)}`);
  }
}

/** The first who asks, and how many others do. */
function nameOf({ question: { askers } }: Measured): string {
  const [first] = askers;
  const names = new Set(askers.map(({ dashboard, asker }) => `${dashboard}, ${asker.title}`));
  const more = names.size > 1 ? ` and ${names.size - 1} more` : '';
  return first === undefined
    ? '?'
    : `${first.dashboard}, ${first.asker.kind} "${first.asker.title}" (${first.datasource})${more}`;
}

const prometheus = await createHistoryPrometheus(`crows-nest-history-${process.pid}`, signal);
try {
  process.exitCode = await bench(prometheus);
} catch (error) {
  if (!signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await prometheus.remove();
}
