import { globSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { root } from '../tests/stack.ts';
import {
  factor,
  scaled,
  scaledAlertmanager,
  scaledExpression,
  scaledLoki,
  scaledPrometheus,
  scaledRules,
} from './scale.ts';

describe('a duration', () => {
  test.each([
    ['5m', '15s'],
    ['1h30m', '270s'],
    ['3d', '12960s'],
    ['1w', '30240s'],
    ['30s', '6s'],
    ['7s', '6s'],
    ['130s', '7s'],
  ])('%s becomes %s, never shorter than three scrapes', (real, fast) => {
    expect(scaled(real, 6)).toBe(fast);
  });

  test.each(['5s', '0s', '500ms', '6s'])('%s, as short as that from the first, stays', (short) => {
    expect(scaled(short, 6)).toBe(short);
  });
});

describe('an expression', () => {
  test.each([
    ['rate(http_requests_total[5m])', 'rate(http_requests_total[15s])'],
    ['x offset 1h', 'x offset 180s'],
    ['x offset -1h', 'x offset -180s'],
    ['max_over_time(rate(x[5m])[1h:1m])', 'max_over_time(rate(x[15s])[180s:6s])'],
    ['sum_over_time(x[6h:])', 'sum_over_time(x[1080s:])'],
    [
      'rate(container_cpu_usage_seconds_total{name="a"}[5m])',
      'rate(container_cpu_usage_seconds_total{name="a"}[90s])',
    ],
    ['rate(x{container_service="api"}[5m])', 'rate(x{container_service="api"}[15s])'],
    [
      'count_over_time({level="warn"} |= `in [5m]` | json [5m])',
      'count_over_time({level="warn"} |= `in [5m]` | json [15s])',
    ],
  ])('%s becomes %s', (real, fast) => {
    expect(scaledExpression(real)).toBe(fast);
  });

  test.each([
    'x{route=~"[5m]"} > 300',
    "x{route=~'offset 5m'}",
    'x{route="\\"[5m]"}',
    'time() - x > 600 # not [5m]',
    'offset_seconds > 5',
  ])('%s has no window, and stays', (expression) => {
    expect(scaledExpression(expression)).toBe(expression);
  });
});

test('of a file of rules, windows and waiting times change, and nothing else', () => {
  const real = `# Why.
groups:
  - name: things
    interval: 1m
    rules:
      - alert: Thing
        # As long as the window.
        expr: |
          rate(x[5m]) > 0.1
          and y > 5
        for: 10m
        keep_firing_for: 5m
        labels: { severity: warning }
        annotations:
          description: >-
            {{ $value }} in [5m], for: 5m
`;
  expect(scaledRules(real)).toBe(
    real
      .replace('interval: 1m', 'interval: 3s')
      .replace('rate(x[5m])', 'rate(x[15s])')
      .replace('for: 10m', 'for: 30s')
      .replace('keep_firing_for: 5m', 'keep_firing_for: 15s'),
  );
});

describe('of the real files', () => {
  const ruleFiles = globSync(['prometheus/{rules,trading}/*.yml', 'loki/rules/**/*.yml'], {
    cwd: root,
  });
  const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

  interface Rule {
    expr?: string;
    for?: string;
    alert?: string;
  }
  const rulesIn = (text: string): Rule[] =>
    (parse(text) as { groups?: { rules: Rule[] }[] }).groups?.flatMap(({ rules }) => rules) ?? [];

  test.each(ruleFiles)('%s has the same rules, whose windows are all shorter', (path) => {
    const real = rulesIn(read(path));
    const fast = rulesIn(scaledRules(read(path)));
    expect(fast.map(({ alert }) => alert)).toEqual(real.map(({ alert }) => alert));
    real.forEach(({ expr = '', for: time }, index) => {
      const windows = expr.match(/\[\d+[mhdw]/g) ?? [];
      for (const window of windows) expect(fast[index]?.expr).not.toContain(window);
      if (time !== undefined) expect(fast[index]?.for).not.toBe(time);
    });
  });

  test('prometheus.yml is asked more often, and cAdvisor as often as it looks', () => {
    const { global, scrape_configs: jobs } = parse(
      scaledPrometheus(read('prometheus/prometheus.yml')),
      { merge: true },
    ) as {
      global: Record<string, unknown>;
      scrape_configs: { job_name: string; scrape_interval?: string }[];
    };
    expect(global).toMatchObject({
      scrape_interval: '2s',
      scrape_timeout: '2s',
      evaluation_interval: '2s',
    });
    expect(jobs.find(({ job_name: name }) => name === 'cadvisor')?.scrape_interval).toBe('15s');
  });

  test('alertmanager.yml tells sooner, to the same people', () => {
    interface Route {
      group_wait?: string;
      repeat_interval?: string;
      receiver?: string;
      routes?: Route[];
    }
    const routeOf = (text: string): Route =>
      (parse(text, { merge: true }) as { route: Route }).route;
    const real = routeOf(read('alertmanager/alertmanager.yml'));
    const fast = routeOf(scaledAlertmanager(read('alertmanager/alertmanager.yml')));
    const receivers = ({ receiver, routes = [] }: Route): unknown => [
      receiver,
      routes.map(receivers),
    ];
    expect(receivers(fast)).toEqual(receivers(real));
    expect(Number.parseInt(real.group_wait ?? '')).toBeGreaterThan(1);
    expect(fast.group_wait).toBe('1s');
    expect(fast.repeat_interval).toBe(`${(4 * 3600) / factor}s`);
  });

  test('and at any hour', () => {
    const real = 'route:\n  routes:\n    - receiver: a\n      active_time_intervals: [day]\n';
    expect(scaledAlertmanager(real)).toBe('route:\n  routes:\n    - receiver: a\n');
  });

  test('loki.yml evaluates its rules more often', () => {
    expect(scaledLoki('ruler:\n  evaluation_interval: 10s # often\n')).toBe(
      'ruler:\n  evaluation_interval: 2s # often\n',
    );
  });
});
