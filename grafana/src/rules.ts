import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Prometheus's own rules: the thresholds on the panels are read from them, so that a panel and its alert never disagree. */
const RULES_DIRECTORY = new URL('../../prometheus/rules/', import.meta.url);

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  annotations?: Record<string, string>;
}

interface RuleFile {
  groups: { rules: Rule[] }[];
}

/** Every recording and alerting rule, in the order of their files. */
export const rules: Rule[] = readdirSync(RULES_DIRECTORY)
  .filter((file) => file.endsWith('.yml'))
  .sort()
  .map((file) => parse(readFileSync(new URL(file, RULES_DIRECTORY), 'utf8')) as RuleFile)
  .flatMap((file) => file.groups.flatMap((group) => group.rules));

/**
 * The number that an alert compares with, in the unit of its expression: 0.05 for `errors:ratio > 0.05`.
 * @throws where there is no such alert, or its expression does not end in a comparison with a number
 */
export function thresholdOf(alert: string): number {
  const rule = rules.find((candidate) => candidate.alert === alert);
  if (rule === undefined) throw new Error(`prometheus/rules has no alert named ${alert}`);
  const threshold = /[<>]=?\s*(\d+(?:\.\d+)?)\s*$/.exec(rule.expr)?.[1];
  if (threshold === undefined) {
    throw new Error(
      `The expression of ${alert} must end in a comparison with a number, but is: ${rule.expr}`,
    );
  }
  return Number(threshold);
}
