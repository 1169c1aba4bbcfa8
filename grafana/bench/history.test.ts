import { describe, expect, test } from 'vitest';

import {
  type Found,
  openMetrics,
  samplesIn,
  seriesFrom,
  type Window,
  windowsOf,
} from './history.ts';

const NOW = 1_795_320_000;
const START = NOW - 15 * 86_400;
const TYPES = new Map([
  ['http_requests', 'counter'],
  ['latency_seconds', 'histogram'],
  ['heap_bytes', 'gauge'],
  ['pool_count', 'gauge'],
  ['up', 'gauge'],
]);

function found(name: string, labels: Record<string, string>, value: string): Found {
  return { metric: { __name__: name, instance: 'api:3000', ...labels }, value: [NOW, value] };
}

const FOUND = [
  found('process_start_time_seconds', {}, String(NOW - 1000)),
  found('http_requests_total', { route: 'a' }, '4000'),
  found('http_requests_total', { route: 'say "\\d\n"' }, '7'),
  found('http_responses_total', { route: 'a' }, '4000'),
  found('http_responses_total', { route: 'say "\\d\n"' }, '7'),
  found('cpu_seconds_total', {}, '12.75'),
  ...['0.1', '0.5', '+Inf'].map((le, place) =>
    found('latency_seconds_bucket', { le }, String([3, 90, 91][place])),
  ),
  found('latency_seconds_count', {}, '91'),
  found('latency_seconds_sum', {}, '17.25'),
  found('heap_bytes', {}, '50000000'),
  found('pool_count', {}, '10'),
  found('up', {}, '1'),
  found('age_seconds', {}, 'NaN'),
  found('limit_seconds', {}, '+Inf'),
  found('service:errors:ratio_rate5m', {}, '0.25'),
];
const SERIES = seriesFrom(FOUND, TYPES, NOW);
const WINDOWS = windowsOf(NOW, 15, 120);

function textOf(window: Window, seed = '1', series = SERIES): string {
  return [...openMetrics(series, window, START, seed)].join('');
}

interface Point {
  time: number;
  value: number;
}

/** The points of each series, by what stands before them. Throws where a line is none that OpenMetrics knows. */
function parse(text: string): Map<string, Point[]> {
  const sample =
    /^([a-zA-Z_:][\w:]*(?:\{[a-zA-Z_]\w*="(?:\\[\\"n]|[^\\"])*"(?:,[a-zA-Z_]\w*="(?:\\[\\"n]|[^\\"])*")*\})?) (NaN|[+-]?Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?) (\d+)$/;
  const points = new Map<string, Point[]>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue;
    const [, id = '', value = '', time = ''] = sample.exec(line) ?? [];
    if (id === '') throw new Error(`Not a sample: ${line}`);
    points.set(id, [
      ...(points.get(id) ?? []),
      { time: Number(time), value: Number(value.replace('Inf', 'Infinity')) },
    ]);
  }
  return points;
}

/** The newest day and two hours, series by series: coarse and fine windows, and where they meet. */
function history(): Map<string, Point[]> {
  const all = new Map<string, Point[]>();
  for (const window of WINDOWS.slice(-7)) {
    for (const [id, points] of parse(textOf(window)))
      all.set(id, [...(all.get(id) ?? []), ...points]);
  }
  return all;
}

function valuesOf(all: Map<string, Point[]>, start: string): number[] {
  const [points] = [...all].filter(([id]) => id.startsWith(start)).map(([, of]) => of);
  if (points === undefined) throw new Error(`no series ${start}`);
  return points.map(({ value }) => value);
}

function expectNeverToFall(values: number[]): void {
  expect(values.filter((value, place) => value < (values[place - 1] ?? 0))).toEqual([]);
}

describe('the windows', () => {
  test('follow each other from the history’s start to its end, the newest two hours as they are scraped', () => {
    expect(WINDOWS.at(0)?.from).toBe(START);
    expect(WINDOWS.at(-1)?.to).toBe(NOW);
    for (const [place, { from }] of WINDOWS.slice(1).entries())
      expect(from).toBe(WINDOWS[place]?.to);
    for (const { from, step } of WINDOWS) expect(step).toBe(from >= NOW - 7200 ? 10 : 120);
  });

  test('lie in one block each', () => {
    const sixHours = 6 * 3600;
    for (const { from, to } of WINDOWS)
      expect(Math.floor((to - 1) / sixHours)).toBe(Math.floor(from / sixHours));
  });

  test('want a step at which counters can be promised not to fall', () => {
    expect(() => windowsOf(NOW, 15, 15)).toThrow('multiple of 10 s');
    expect(() => windowsOf(NOW, 15, 0)).toThrow('multiple of 10 s');
    expect(() => windowsOf(NOW, NaN, 60)).toThrow('some days long');
  });
});

describe('the text', () => {
  test.each([WINDOWS[0], WINDOWS[5], WINDOWS.at(-3), WINDOWS.at(-1)] as Window[])(
    'has every series at each step of $from to $to, in ascending order, and ends',
    (window) => {
      const text = textOf(window);
      expect(text.endsWith('\n# EOF\n')).toBe(true);
      expect(text.indexOf('# EOF')).toBe(text.length - '# EOF\n'.length);
      const all = parse(text);
      expect([...all.keys()].toSorted()).toEqual(SERIES.map(({ id }) => id).toSorted());
      for (const points of all.values()) {
        const times = points.map(({ time }) => time);
        expect(times).toHaveLength(samplesIn(window));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(new Set(times).size).toBe(times.length);
        expect(times[0]).toBeGreaterThanOrEqual(window.from);
        expect(times.at(-1)).toBeLessThan(window.to);
      }
    },
  );

  test('has each family together, after one line with its type', () => {
    const lines = textOf(WINDOWS[5] as Window).split('\n');
    const names = lines.map((line) => /^(?:# TYPE )?([\w:]+)/.exec(line)?.[1]).filter(Boolean);
    const runs = names.filter((name, place) => name !== names[place - 1]);
    expect(new Set(runs).size).toBe(runs.length);
    const typed = lines.flatMap((line) => /^# TYPE ([\w:]+) unknown$/.exec(line)?.[1] ?? []);
    expect(typed).toEqual(runs);
    for (const name of typed)
      expect(lines[lines.indexOf(`# TYPE ${name} unknown`) + 1]).toMatch(
        new RegExp(`^${name}[ {]`),
      );
  });

  test('is the same for the same seed, and another for another', () => {
    const window = WINDOWS[5] as Window;
    expect(textOf(window)).toBe(textOf(window));
    expect(textOf(window, '2')).not.toBe(textOf(window, '1'));
  });

  test('does not hang on the order in which series were found', () => {
    const window = WINDOWS[5] as Window;
    const reversed = seriesFrom(FOUND.toReversed(), TYPES, NOW);
    expect(textOf(window, '1', reversed)).toBe(textOf(window));
  });
});

describe('the values', () => {
  const all = history();

  test('of counters never fall, and rise as fast as the process counted since its start', () => {
    for (const start of ['http_requests_total{', 'cpu_seconds_total', 'latency_seconds_']) {
      for (const id of [...all.keys()].filter((one) => one.startsWith(start)))
        expectNeverToFall(valuesOf(all, id));
    }
    const requests = valuesOf(all, 'http_requests_total{instance="api:3000",route="a"');
    // 4 a second, over 15 days of which each half is as busy as it is quiet.
    expect((requests.at(-1) ?? 0) / (15 * 86_400)).toBeCloseTo(4, 1);
    expect(valuesOf(all, 'cpu_seconds_total').at(-1)).toBeGreaterThan(0);
  });

  test('of buckets add up: none is below a smaller one, and the last is the count', () => {
    const [small, middle, inf] = ['0.1', '0.5', '+Inf'].map((le) =>
      valuesOf(all, `latency_seconds_bucket{instance="api:3000",le="${le}"`),
    );
    expect(inf).toEqual(valuesOf(all, 'latency_seconds_count'));
    expect(middle?.filter((value, place) => value < (small?.[place] ?? NaN))).toEqual([]);
    expect(inf?.filter((value, place) => value < (middle?.[place] ?? NaN))).toEqual([]);
    expect(small?.at(-1)).toBeGreaterThan(0);
  });

  test('of gauges vary around what was found, whole where that was', () => {
    for (const [name, value] of [
      ['heap_bytes', 5e7],
      ['pool_count', 10],
      ['service:errors:ratio_rate5m', 0.25],
    ] as const) {
      const values = valuesOf(all, name);
      expect(new Set(values).size).toBeGreaterThan(2);
      expect(Math.min(...values)).toBeGreaterThan(value * 0.8);
      expect(Math.max(...values)).toBeLessThan(value * 1.2);
      expect(values.every((one) => Number.isInteger(one))).toBe(Number.isInteger(value));
    }
  });

  test('stay where they are for states, moments and what is no number', () => {
    const stays = (name: string) => new Set(valuesOf(all, name));
    expect(stays('up')).toEqual(new Set([1]));
    expect(stays('process_start_time_seconds')).toEqual(new Set([NOW - 1000]));
    expect(stays('age_seconds')).toEqual(new Set([NaN]));
    expect(stays('limit_seconds')).toEqual(new Set([Infinity]));
  });
});
