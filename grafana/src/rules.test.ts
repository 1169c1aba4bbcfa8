import { describe, expect, test } from 'vitest';
import { rules, thresholdOf } from './rules.ts';

describe('thresholdOf', () => {
  test('reads the number that the alert compares with', () => {
    expect(thresholdOf('HighErrorRate')).toBe(lastNumberIn('HighErrorRate'));
    expect(thresholdOf('DatabasePoolExhaustion')).toBe(lastNumberIn('DatabasePoolExhaustion'));
  });

  test('reads it from a rule of Loki as well', () => {
    expect(thresholdOf('AuthFailuresHigh')).toBeGreaterThan(0);
  });

  test('says which alert is missing', () => {
    expect(() => thresholdOf('NoSuchAlert')).toThrow(/has an alert named NoSuchAlert/);
  });

  test('reads that of each alternative', () => {
    expect(thresholdOf('SloBurningFast', 0)).toBeGreaterThan(thresholdOf('SloBurningFast', 1));
  });

  test('says what is wrong with an alert that compares with no number', () => {
    expect(() => thresholdOf('Watchdog')).toThrow(/Watchdog .* compares with: none/);
    expect(() => thresholdOf('HighErrorRate', 1)).toThrow(/alternative 1, but compares with: 0\./);
  });
});

function lastNumberIn(alert: string): number {
  const words =
    rules
      .find((rule) => rule.alert === alert)
      ?.expr.trim()
      .split(/\s+/) ?? [];
  return Number(words.at(-1));
}
