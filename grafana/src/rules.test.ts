import { describe, expect, test } from 'vitest';
import { rules, thresholdOf } from './rules.ts';

describe('thresholdOf', () => {
  test('reads the number that the alert compares with', () => {
    expect(thresholdOf('HighErrorRate')).toBe(numberIn('HighErrorRate'));
    expect(thresholdOf('DatabasePoolExhaustion')).toBe(numberIn('DatabasePoolExhaustion'));
  });

  test('says which alert is missing', () => {
    expect(() => thresholdOf('NoSuchAlert')).toThrow(/no alert named NoSuchAlert/);
  });

  test('says what is wrong with an alert that compares with no number', () => {
    expect(() => thresholdOf('Watchdog')).toThrow(/Watchdog must end in a comparison/);
  });
});

function numberIn(alert: string): number {
  const words =
    rules
      .find((rule) => rule.alert === alert)
      ?.expr.trim()
      .split(/\s+/) ?? [];
  return Number(words.at(-1));
}
