// Every alert is complete: who is told, what it means, what to do, and a test of when it fires. Needs no running stack.

import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { dashboardQueries } from '@crows-nest/grafana/queries';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { lokiRules, ownSeries, prometheusRules, type Rule } from './rules.ts';
import { root } from './stack.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const filesOf = (pattern: string): string[] => globSync(pattern, { cwd: root }).toSorted();

type Alert = Rule & { alert: string };
const isAlert = (rule: Rule): rule is Alert => rule.alert !== undefined;
const alertsOfPrometheus = prometheusRules.filter(isAlert);
const alertsOfLoki = lokiRules.filter(isAlert);
const alerts = [...alertsOfPrometheus, ...alertsOfLoki];

const runbooks = filesOf('docs/runbooks/*.md')
  .map((path) => ({ name: basename(path, '.md'), text: read(path) }))
  .filter(({ name }) => name !== 'README');

const dashboards = filesOf('grafana/dashboards/**/*.json').map(
  (path) => (JSON.parse(read(path)) as { uid: string }).uid,
);

const panelQueries = dashboardQueries('defaults').filter(({ asker }) => asker.kind === 'panel');

/** Alerts whose dashboard shows what they are about in another way than by their series. */
const SHOWN_OTHERWISE: Record<string, string> = {
  Watchdog: 'reads no series; the heartbeat that it becomes is shown',
  LowDeploymentFrequency: 'the books have each deployment',
  HighChangeFailureRate: 'the books have each deployment',
  LongLeadTime: 'the books have each deployment',
  SlowRecovery: 'the books have each incident',
};

test('no alert is there twice but at another severity, no runbook is of none', () => {
  const each = alerts.map(({ alert, labels }) => `${alert} ${labels?.['severity'] ?? ''}`);
  expect(each.toSorted()).toEqual([...new Set(each)].toSorted());
  const names = new Set(alerts.map(({ alert }) => alert));
  expect(runbooks.map(({ name }) => name)).toEqual([...names].toSorted());
});

describe.each(alerts)('$alert', ({ alert, expr, labels = {}, annotations = {} }) => {
  test('says how bad it is, and whose', () => {
    expect(['critical', 'warning', 'info']).toContain(labels['severity']);
    expect(['platform', 'trading', 'security', 'delivery']).toContain(labels['team']);
  });

  test('says what it is in one sentence that is always the same, and then what is the case', () => {
    expect(annotations['summary']).toMatch(/^[A-Z][^.{}]*\.$/);
    expect(annotations['description']).toMatch(/^\S.*\.(?:\{\{ end \}\})?$/s);
  });

  test('leads to its runbook, and to a dashboard that there is, at its time', () => {
    expect(annotations['runbook_url']).toMatch(new RegExp(`/${alert}$`));
    const [, uid, query] = /\/d\/([\w-]+)\?(.*)$/.exec(annotations['dashboard_url'] ?? '') ?? [];
    expect(dashboards).toContain(uid);
    expect(query).toMatch(/\bfrom=\S+&to=\S+$/);
  });

  test('leads to a dashboard that has a panel on what it is about', () => {
    const [, uid] = /\/d\/([\w-]+)\?/.exec(annotations['dashboard_url'] ?? '') ?? [];
    const panels = panelQueries.filter(({ dashboard }) => dashboard === uid);
    const shown = alertsOfLoki.some((rule) => rule.alert === alert)
      ? panels.some((panel) => panel.datasource === 'loki' && showsLinesOf(expr, panel.expr))
      : panels.some((panel) => panel.datasource === 'prometheus' && sharesSeries(expr, panel.expr));
    expect(shown, SHOWN_OTHERWISE[alert]).toBe(SHOWN_OTHERWISE[alert] === undefined);
  });

  test('has a runbook, and a line in the table of runbooks', () => {
    const { text = '' } = runbooks.find(({ name }) => name === alert) ?? {};
    const prose = text.replaceAll(/^```.*?^```$/gms, '');
    const headings = [...prose.matchAll(/^#+ .+$/gm)].map(([heading]) => heading);
    const sections = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation', 'Prevention'];
    expect(headings).toEqual([`# ${alert}`, ...sections.map((section) => `## ${section}`)]);
    const line = `^\\| \\[${alert}\\]\\(${alert}\\.md\\) +\\| [a-z, ]*\\b${labels['severity'] ?? ''}\\b[a-z, ]*\\| \\S`;
    expect(read('docs/runbooks/README.md')).toMatch(new RegExp(line, 'm'));
  });
});

interface RuleTests {
  tests: { alert_rule_test?: { alertname: string; exp_alerts?: unknown[] }[] }[];
}

const tested = filesOf('prometheus/tests/*.yml')
  .map((path) => parse(read(path), { merge: true }) as RuleTests)
  .flatMap(({ tests }) => tests.flatMap(({ alert_rule_test: cases = [] }) => cases));

test.each(alertsOfPrometheus)('$alert fires in one test and is silent in another', (rule) => {
  const counts = tested
    .filter(({ alertname }) => alertname === rule.alert)
    .map(({ exp_alerts: expected = [] }) => expected.length);
  expect(Math.max(0, ...counts)).toBeGreaterThan(0);
  // The Watchdog never is.
  if (rule.alert !== 'Watchdog') expect(Math.min(...counts)).toBe(0);
});

test('every alert of Loki has a test on the running stack', () => {
  const texts = filesOf('tests/*.{stack,chaos}.test.ts').map(read);
  const untested = alertsOfLoki.filter(({ alert }) => !texts.some((text) => text.includes(alert)));
  expect(untested).toEqual([]);
});

/** The series that a PromQL expression reads. @throws where it does not parse */
function seriesIn(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`Cannot be parsed at "${text}": ${expression}`);
      if (type.name === 'Identifier') names.push(text);
    },
  });
  return names;
}

/** Whether two PromQL expressions read a series in common, or one from which what they read is recorded. */
function sharesSeries(one: string, other: string): boolean {
  const sources = sourcesOf(other);
  return sourcesOf(one).some((name) => sources.includes(name));
}

function sourcesOf(expression: string): string[] {
  return seriesIn(expression).flatMap((name) => [
    name,
    ...prometheusRules
      .filter(({ record }) => record === name)
      .flatMap(({ expr }) => sourcesOf(expr)),
  ]);
}

/** Whether the lines that an alert counts are among those that a panel shows: the panel sifts by nothing that the alert does not. */
function showsLinesOf(alert: string, panel: string): boolean {
  const filtersIn = (query: string): string[] => query.match(/(?<=\|= `)[^`]+(?=`)/g) ?? [];
  const filters = filtersIn(panel);
  return filters.length > 0 && filters.every((filter) => filtersIn(alert).includes(filter));
}

/** What others than our services expose; tests/docs.stack.test.ts asks the running stack for it. */
const OF_OTHERS =
  /^(up|ALERTS\w*|(alertmanager|caddy|container|go|grafana|jaeger|k6|loki|machine|net|node|otelcol|outside|pg|probe|prometheus|redis|scrape|traces)_\w+)$/;

describe('queries', async () => {
  const own = await ownSeries();
  const asked = [
    ...runbooks.flatMap(({ name, text }) =>
      [...text.matchAll(/^```promql\n(.*?)\n```$/gms)].map(([, expr = '']) => ({ name, expr })),
    ),
    ...prometheusRules.map(({ alert, record, expr }) => ({ name: alert ?? record, expr })),
  ];
  test.each(asked)('$name: $expr parses, and reads series that there are', ({ expr }) => {
    const unknown = seriesIn(expr).filter((name) => !own.includes(name) && !OF_OTHERS.test(name));
    expect(unknown).toEqual([]);
  });
});
