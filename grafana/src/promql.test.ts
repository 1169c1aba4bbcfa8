import { describe, expect, test } from 'vitest';
import { limitsIn, metricsIn } from './promql.ts';

describe('metricsIn', () => {
  test('names each metric once, and no label, function or grouping', () => {
    const expr = 'sum by (a) (rate(x_total{b="c"}[5m])) / on (a) group_left (d) y:ratio + x_total';
    expect(metricsIn(expr)).toEqual(['x_total', 'y:ratio']);
  });

  test('refuses what does not parse', () => {
    expect(() => metricsIn('sum(rate(x_total[5m])')).toThrow(/Not PromQL/);
  });
});

describe('limitsIn', () => {
  test.each([
    ['x > 0.5', [0.5]],
    ['a / (b > 0.1) <= 14 * 86400', [1209600]],
    ['(x > 3 and y > 4) or label_replace(z < 5, "a", "b", "", "")', [3, 5]],
    ['x == 0 unless on () y > 1', [0]],
    ['sum(x > 1)', []],
    ['x > 2 * y', []],
  ])('of %s are %j', (expr, limits) => {
    expect(limitsIn(expr)).toEqual(limits);
  });
});
