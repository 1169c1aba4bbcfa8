// docs/slo.md says of every SLO what prometheus/rules/slo.yml measures. Needs no running stack.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { prometheusRules } from './rules.ts';
import { root } from './stack.ts';

interface Slo {
  name: string;
  /** Percent. */
  target: number;
  /** How the events are counted, and the bad ones among them. */
  expressions: string[];
}

const document = readFileSync(join(root, 'docs/slo.md'), 'utf8');

const described: Slo[] = document.split(/^#+ (?=.*$)/m).flatMap((section) => {
  const [, name, target] = /^(\w+): ([\d.]+) %\n/.exec(section) ?? [];
  if (name === undefined) return [];
  const blocks = [...section.matchAll(/```promql\n(.*?)\n```/gs)].map(([, block = '']) => block);
  return [{ name, target: Number(target), expressions: blocks }];
});

const rule = (record: string, slo: string | undefined) =>
  prometheusRules.find((one) => one.record === record && one.labels?.['slo'] === slo)?.expr.trim();

const measured: Slo[] = prometheusRules
  .filter(({ record }) => record === 'slo:objective:ratio')
  .map(({ expr, labels }) => ({
    name: labels?.['slo'] ?? '',
    target: Number((Number(/^vector\((.+)\)$/.exec(expr)?.[1]) * 100).toFixed(6)),
    expressions: ['slo:events:rate5m', 'slo:errors:rate5m'].map(
      (record) => rule(record, labels?.['slo']) ?? '',
    ),
  }));

test('every SLO is described, with its target and its expressions, and no other', () => {
  expect(measured.length).toBeGreaterThan(0);
  expect(described).toEqual(measured);
});

test('the table of SLOs has the same targets, and the time that they leave of 30 days', () => {
  const rows = [...document.matchAll(/^\| (\w+) +\| .+? \| ([\d.]+) % *\| (.+?) *\|$/gm)].map(
    ([, name, target, budget]) => [name, Number(target), budget],
  );
  expect(rows).toEqual(measured.map(({ name, target }) => [name, target, budgetOf(target)]));
});

function budgetOf(target: number): string {
  const minutes = Math.round(((100 - target) / 100) * 30 * 24 * 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours > 0 && `${hours} h`, rest > 0 && `${rest} min`].filter(Boolean).join(' ');
}
