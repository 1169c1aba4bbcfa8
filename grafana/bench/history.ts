import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A series as it is found on the running stack, and how it is said to have gone on. */
export interface Series {
  name: string;
  /** With its labels, as it stands before each value: `http_requests_total{method="GET"}`. */
  id: string;
  /** What it was found at. */
  value: number;
  motion: Motion;
  /** What moves as one has one rhythm: a histogram's buckets, sum and count. */
  rhythm: string;
}

/**
 * Counters and all parts of histograms rise. A gauge varies around its value, but stays where it is when that is a state (0, 1)
 * or a moment.
 */
export type Motion = { kind: 'rises'; perSecond: number } | { kind: 'varies' } | { kind: 'stays' };

/** A series with the value that it was found at, as Prometheus's API gives it. */
export interface Found {
  metric: Record<string, string>;
  value: [number, string];
}

/** A part of the history that becomes one block; times are Unix times in seconds. */
export interface Window {
  /** The first moment that belongs to it. */
  from: number;
  /** The first that does not. */
  to: number;
  /** Between two samples of a series, in seconds. */
  step: number;
}

/** The scrape interval, and the finest that samples may lie together. In seconds. */
export const SCRAPE = 10;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** What is seen by default is an hour, and each moment of it may ask for the hour before. */
const FINE = 2 * HOUR;
/** promtool holds the text of a window in memory: about half a gigabyte for ten thousand series over an hour of scrapes. */
const COARSE_WINDOW = 6 * HOUR;
const FINE_WINDOW = HOUR;

/**
 * The windows of a history that ends now (a multiple of the scrape interval): the newest two hours as they are scraped,
 * the days before at a coarser step, in multiples of the scrape interval.
 */
export function windowsOf(now: number, days: number, step: number): Window[] {
  if (!(days > 0)) throw new Error(`The history must be some days long, not ${days}.`);
  if (!(step > 0) || step % SCRAPE !== 0) {
    throw new Error(
      `The step must be a multiple of ${SCRAPE} s, the scrape interval, not ${step}.`,
    );
  }
  const start = now - days * DAY;
  const fineFrom = now - FINE;
  return [
    ...cut(start, fineFrom, COARSE_WINDOW).map((part) => ({ ...part, step })),
    ...cut(fineFrom, now, FINE_WINDOW).map((part) => ({ ...part, step: SCRAPE })),
  ];
}

/** Where blocks end, at multiples of their length: promtool reads its input once for each block that it lies in. */
function cut(from: number, end: number, length: number): { from: number; to: number }[] {
  const parts = [];
  while (from < end) {
    const to = Math.min(end, (Math.floor(from / length) + 1) * length);
    parts.push({ from, to });
    from = to;
  }
  return parts;
}

/** The moments of a window's samples. */
function timesOf({ from, to, step }: Window): number[] {
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.ceil((to - first) / step));
  return Array.from({ length: count }, (_, place) => first + place * step);
}

/** How many samples a series has in a window. */
export function samplesIn(window: Window): number {
  return timesOf(window).length;
}

/**
 * The series of a history, in the order in which OpenMetrics wants them, families together.
 *
 * @param types of metric families, as Prometheus's metadata name them
 * @param now the moment at which they were found, Unix time in seconds
 */
export function seriesFrom(found: Found[], types: Map<string, string>, now: number): Series[] {
  const starts = startsOf(found);
  const earliest = Math.min(now - HOUR, ...starts.values());
  return found
    .map(({ metric, value: [, text] }): Series => {
      const { __name__: name = '', ...labels } = metric;
      const value = numberOf(text);
      const start = starts.get(labels['instance'] ?? '') ?? earliest;
      return {
        name,
        id: idOf(name, labels),
        value,
        motion: motionOf(name, value, types, { now, start }),
        // JSON leaves out what is undefined.
        rhythm: JSON.stringify([familyOf(name), { ...labels, le: undefined }]),
      };
    })
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Since when each instance counts: the start of its process, or of its host. */
function startsOf(found: Found[]): Map<string, number> {
  return new Map(
    found
      .filter(({ metric: { __name__: name } }) =>
        /^(process_start|node_boot)_time_seconds$/.test(name ?? ''),
      )
      .map(({ metric, value: [, start] }) => [metric['instance'] ?? '', Number(start)]),
  );
}

/** Prometheus writes infinity as `+Inf`. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function familyOf(name: string): string {
  return name.replace(/_(total|bucket|sum|count)$/, '');
}

function motionOf(
  name: string,
  value: number,
  types: Map<string, string>,
  { now, start }: { now: number; start: number },
): Motion {
  if (!Number.isFinite(value)) return { kind: 'stays' };
  if (isCounted(name, types)) {
    // A process that has just started would seem to count faster than it does.
    const seconds = Math.max(60, now - start);
    return { kind: 'rises', perSecond: Math.max(0, value) / seconds };
  }
  const isMoment = Math.abs(value - now) < 365 * DAY && !name.endsWith('_bytes');
  return { kind: value === 0 || value === 1 || isMoment ? 'stays' : 'varies' };
}

/** Of what is recorded or was sent there are no metadata: names tell. */
function isCounted(name: string, types: Map<string, string>): boolean {
  const family = familyOf(name);
  switch (types.get(name) ?? types.get(family)) {
    case 'counter':
      return true;
    case 'histogram':
    case 'summary':
      return name !== family;
    case undefined:
      return name !== family && !name.includes(':');
    default:
      return false;
  }
}

function idOf(name: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/**
 * A window of the history as OpenMetrics text, a series at a time. Types are left unknown: blocks keep none, and a counter
 * would have to be called one.
 *
 * @param start of the whole history, where counters begin; Unix time in seconds
 * @param seed the same gives the same text
 */
export function* openMetrics(
  series: Series[],
  window: Window,
  start: number,
  seed: string,
): Generator<string> {
  const times = timesOf(window);
  let family;
  for (const one of series) {
    const random = createRandom(`${seed} ${one.rhythm} ${window.from}`);
    let text = one.name === family ? '' : `# TYPE ${one.name} unknown\n`;
    for (const time of times) {
      text += `${one.id} ${format(valueAt(one, time - start, random()))} ${time}\n`;
    }
    family = one.name;
    yield text;
  }
  yield '# EOF\n';
}

function createRandom(seed: string): () => number {
  const generator = xoroshiro128plus(createHash('sha256').update(seed).digest().readInt32LE());
  return () => uniformFloat64(generator);
}

/**
 * A day has a busy half and a quiet one, and a scrape more or less noise.
 *
 * @param age seconds since the history's start
 * @param noise in [0, 1)
 */
function valueAt({ value, motion }: Series, age: number, noise: number): number {
  const phase = (2 * Math.PI * age) / DAY;
  switch (motion.kind) {
    case 'stays':
      return value;
    case 'varies':
      return asWhole(value, value * (1 + 0.1 * Math.sin(phase) + 0.1 * (noise - 0.5)));
    case 'rises': {
      // Between half and one and a half times the mean rate, so by at least half a scrape's worth from one scrape to the next:
      // half a scrape's worth of noise never lets it fall.
      const seconds = age + (DAY / (4 * Math.PI)) * Math.sin(phase) + (SCRAPE / 2) * noise;
      return asWhole(value, motion.perSecond * seconds);
    }
  }
}

/** What counts things stays whole: fractions would take more room in a block than there is in a real one. */
function asWhole(found: number, value: number): number {
  return Number.isInteger(found) ? Math.round(value) : value;
}

function format(value: number): string {
  return String(value).replace('Infinity', 'Inf');
}
