import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { limitsIn } from './promql.ts';

/** The alerts' own rules: the thresholds on the panels are read from them, so that a panel and its alert never disagree. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface RuleFile {
  groups: { rules: Rule[] }[];
}

/** Every recording and alerting rule of Prometheus, in the order of their files. */
export const rules = rulesIn('prometheus/rules/*.yml');

/** Every alerting rule of Loki's ruler. */
export const logRules = rulesIn('loki/rules/*/*.yml');

/**
 * The number that an alert compares its value with, in the unit of its expression: 0.05 for `errors:ratio > 0.05`. Where the
 * expression has alternatives (`or`), each has its own; 0 is the first.
 * @throws where there is no such alert, or it compares with no number
 */
export function thresholdOf(alert: string, alternative = 0): number {
  const thresholds = thresholdsOf(alert);
  const threshold = thresholds[alternative];
  if (threshold === undefined) {
    throw new Error(
      `${alert} must compare with a number in its alternative ${alternative}, but compares with: ${thresholds.join(', ') || 'none'}`,
    );
  }
  return threshold;
}

/**
 * The same of all its alternatives; none where it compares with no number.
 * @throws where there is no such alert
 */
export function thresholdsOf(alert: string): number[] {
  const rule = rules.find((candidate) => candidate.alert === alert);
  if (rule !== undefined) return limitsIn(rule.expr);
  const logRule = logRules.find((candidate) => candidate.alert === alert);
  if (logRule === undefined) {
    throw new Error(`Neither prometheus/rules nor loki/rules has an alert named ${alert}`);
  }
  // LogQL, which in alerts ends in the comparison.
  const limit = /[<>]=?\s*(\d+(?:\.\d+)?)\s*$/.exec(logRule.expr)?.[1];
  return limit === undefined ? [] : [Number(limit)];
}

/**
 * The bound of a histogram up to which an event of an SLO is a good one, as its label `le` has it: `0.3` seconds of latency.
 * @throws where there is no such SLO, or it reads no histogram
 */
export function boundOf(slo: string): string {
  const rule = rules.find(({ record, labels }) => {
    return record === 'slo:errors:rate5m' && labels?.['slo'] === slo;
  });
  const bound = /le="([^"]+)"/.exec(rule?.expr ?? '')?.[1];
  if (bound === undefined)
    throw new Error(`prometheus/rules/slo.yml has no bound for the SLO ${slo}`);
  return bound;
}

/**
 * The target of an SLO, as the share of events that are good ones: 0.999.
 * @throws where there is no such SLO
 */
export function objectiveOf(slo: string): number {
  const rule = rules.find(({ record, labels }) => {
    return record === 'slo:objective:ratio' && labels?.['slo'] === slo;
  });
  const objective = /^vector\((.+)\)$/.exec(rule?.expr.trim() ?? '')?.[1];
  if (objective === undefined) {
    throw new Error(`prometheus/rules/slo.yml has no target for the SLO ${slo}`);
  }
  return Number(objective);
}

function rulesIn(pattern: string): Rule[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => parse(readFileSync(ROOT + file, 'utf8')) as RuleFile)
    .flatMap((file) => file.groups.flatMap((group) => group.rules));
}
