// That drills, rules and README.md tell of the same, and that the API has what drills call.

import { globSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { root } from '../tests/stack.ts';
import { nameOf } from './expectations.ts';
import { drills } from './incidents.ts';
import { roughly } from './table.ts';

const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const readme = read('drills/README.md');

/** The cells of each row of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const alerts = new Set(
  globSync(['prometheus/{rules,trading}/*.yml', 'loki/rules/**/*.yml'], { cwd: root }).flatMap(
    (path) => [...read(path).matchAll(/^\s*- alert: (\w+)/gm)].map(([, name = '']) => name),
  ),
);
const raised = drills.flatMap(({ raises }) =>
  raises === 'heartbeat' ? ['Watchdog'] : [raises.alertname],
);

test('README.md lists the drills there are', () => {
  expect(rowsUnder('What can be broken')).toEqual(
    drills.map(({ name, what, raises, seconds }) => [
      `\`${name}\``,
      what,
      nameOf(raises),
      roughly(seconds),
    ]),
  );
});

test('each drill, and what may fire beside it, names an alert there is', () => {
  const named = drills.flatMap(({ alsoFires = [] }) => alsoFires.map(({ alertname }) => alertname));
  expect([...raised, ...named].filter((name) => !alerts.has(name))).toEqual([]);
});

test('each alert has a drill, or README.md says why it has none', () => {
  const excused = rowsUnder('What has no drill').flatMap(
    ([names = '']) => names.match(/\w+/g) ?? [],
  );
  expect(
    excused.filter((name) => raised.includes(name)),
    'excused, and has one',
  ).toEqual([]);
  expect([...raised, ...excused]).toEqual(expect.arrayContaining([...alerts]));
  expect(
    excused.filter((name) => !alerts.has(name)),
    'excused, and is no alert',
  ).toEqual([]);
});

test('the API has each method of each path that drills call', () => {
  const of = (paths: string[], pattern: RegExp): string[] =>
    globSync(paths, { cwd: root }).flatMap((path) =>
      [...read(path).matchAll(pattern)].map(
        ([, method = '', route = '']) => `${method.toUpperCase()} ${route}`,
      ),
    );
  // What the OpenAPI document is made from.
  const there = of(['services/trading/src/api/routes/*.ts'], /method: '(\w+)',\s+path: '([^']+)'/g);
  const called = of(
    ['drills/**/*.ts', 'tests/customer.ts'],
    /\b(?:call|demand)\(\s*(?:\d+,\s*)?'([A-Z]+)',\s*'([^']+)'/g,
  );
  expect(called.filter((one) => !there.includes(one))).toEqual([]);
  expect(called).toContain('POST /auth/register');
});
