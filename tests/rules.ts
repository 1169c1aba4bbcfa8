// The rules of Prometheus and of Loki's ruler, as their files have them, and the series that are ours.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { exposedMetrics } from '../docs/signals/exposed.ts';
import { root } from './stack.ts';

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

function rulesIn(pattern: string): Rule[] {
  return globSync(pattern, { cwd: root })
    .toSorted()
    .map((path) => parse(readFileSync(join(root, path), 'utf8'), { merge: true }) as RuleFile)
    .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

export const prometheusRules = rulesIn('prometheus/{rules/*,trading/rules}.yml');
export const lokiRules = rulesIn('loki/rules/**/*.yml');

/** The names of all series that the services expose or Prometheus records, also of what has not happened yet on a fresh stack. */
export async function ownSeries(): Promise<string[]> {
  const exposed = [...(await exposedMetrics()).values()].flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const recorded = prometheusRules.flatMap(({ record }) => record ?? []);
  return [...exposed, ...recorded];
}
