import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { catalogue } from './catalogue.ts';
import { build, idFrom } from './dashboard.ts';
import { describeAll, DOCS } from './docs.ts';
import { generate } from './generate.ts';
import { titles } from './links.ts';
import { dashboardQueries, isPanel } from './queries.ts';
import { logRules, rules, thresholdsOf } from './rules.ts';

const GRAFANA = fileURLToPath(new URL('../', import.meta.url));

const built = catalogue.map((dashboard) => build(dashboard));
const provisioned = (
  parse(
    readFileSync(join(GRAFANA, 'provisioning/datasources/datasources.yml'), 'utf8'),
  ) as Provisioning
).datasources;
const panels = built.flatMap((dashboard) => (dashboard.panels ?? []).filter(isPanel));

test('the committed dashboards are what the sources generate', () => {
  const committed = new Map(
    readdirSync(join(GRAFANA, 'dashboards'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.json'))
      .map((path) => [path, readFileSync(join(GRAFANA, 'dashboards', path), 'utf8')]),
  );
  expect(committed, 'run `npm run dashboards` and commit what it writes').toEqual(generate());
});

test('docs/dashboards.md is what the sources generate', async () => {
  const committed = readFileSync(DOCS, 'utf8');
  expect(committed, 'run `npm run dashboards` and commit what it writes').toBe(await describeAll());
});

describe.each(built)('$title', (dashboard) => {
  const all = dashboard.panels ?? [];
  const own = all.filter(isPanel);

  test('is in our menu, reads only, refreshes itself, and shares its crosshair', () => {
    expect(dashboard).toMatchObject({
      editable: false,
      refresh: '30s',
      graphTooltip: 1,
      schemaVersion: 42,
    });
    expect(dashboard.tags).toContain('crows-nest');
  });

  test('gives each panel an id of its own', () => {
    const ids = all.map((panel) => panel.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('lays its panels out within 24 columns, none over another', () => {
    for (const [index, panel] of all.entries()) {
      expect(right(panel), titleOf(panel)).toBeLessThanOrEqual(24);
      for (const other of all.slice(index + 1)) {
        expect(overlap(panel, other), `${titleOf(panel)} and ${titleOf(other)}`).toBe(false);
      }
    }
  });

  test('leaves no gap at the end of a line', () => {
    for (const panel of own) {
      const endsLine = !own.some((other) => besides(panel, other));
      if (endsLine) expect(right(panel), titleOf(panel)).toBe(24);
    }
  });

  test('names its first row after the question it answers', () => {
    expect(dashboard.description).toMatch(/\?$/);
    expect(titleOf(all[0])).toMatch(/\?$/);
  });
});

describe.each(panels.map((panel) => ({ title: titleOf(panel), panel })))(
  'panel "$title"',
  ({ panel }) => {
    test('says what a bad value looks like', () => {
      expect(panel.description).toMatch(/Bad: \S/);
    });

    test('has a unit, unless it shows lines of text, or traces', () => {
      if (panel.type === 'logs' || panel.datasource?.type === 'jaeger') return;
      const units = [
        panel.fieldConfig?.defaults.unit,
        ...(panel.fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
          properties.filter(({ id }) => id === 'unit').map(({ value }): unknown => value),
        ),
      ];
      expect(units.filter((unit) => unit !== undefined)).not.toEqual([]);
    });
  },
);

/** Limits on panels that are no alert's, and what they are. */
const OWN_LIMITS: Record<string, string> = {
  'lookout/Firing alerts': 'any is one too many',
  'lookout/Services': '1 is up, 0 is not',
  'lookout/Lowest error budget': 'the manners that docs/slo.md asks for',
  'lookout/Error budget left': 'the manners that docs/slo.md asks for',
  'service-levels/Lowest error budget': 'the manners that docs/slo.md asks for',
  'service-levels/Error budget left': 'the manners that docs/slo.md asks for',
  'logs/Errors': 'any is one too many',
  'synthetic/Journeys': '1 is well, 0 is not',
  'synthetic/Steps of journeys': '1 is well, 0 is not',
  'synthetic/Probes': '1 is well, 0 is not',
  'synthetic/Journeys done in 1 h': 'the target of the SLO availability',
  'synthetic/Way in available in 1 h': 'the target of the SLO availability',
  'synthetic/Availability': 'the target of the SLO availability',
  'trading/Market leaders': '1 is well, 0 is not',
  'dora/Open incidents': 'any is one too many',
  'host/Killed for memory in 1 h': 'any is one too many',
  'lookout-itself/Targets down': 'any is one too many',
  'k6/Failed': 'of loadtest/loadtest.js',
  'k6/Checks passed': 'of loadtest/loadtest.js',
  'k6/Reads: p99': 'of loadtest/loadtest.js',
  'k6/Trades: p99.5': 'of loadtest/loadtest.js',
  'k6/Reads, as k6 saw them': 'of loadtest/loadtest.js',
  'k6/Trades, as k6 saw them': 'of loadtest/loadtest.js',
  'k6/Checks': 'of loadtest/loadtest.js',
  'k6/Runs': 'of loadtest/loadtest.js',
};

describe('limits', () => {
  const alerts = [...rules, ...logRules].flatMap(({ alert }) => alert ?? []);
  const withAlerts = built.flatMap((dashboard) =>
    (dashboard.panels ?? []).filter(isPanel).map((panel) => ({
      name: `${dashboard.uid ?? ''}/${titleOf(panel)}`,
      panel,
      named: alerts.filter((alert) => new RegExp(`\\b${alert}\\b`).test(panel.description ?? '')),
    })),
  );

  test('are those of the alerts that the panel names, unless they are said to be its own', () => {
    const strangers = withAlerts
      .filter(({ name }) => OWN_LIMITS[name] === undefined)
      .flatMap(({ name, panel, named }) => {
        const known = named.flatMap(thresholdsOf);
        return limitsOn(panel)
          .filter((limit) => !known.some((alerts) => near(alerts, limit)))
          .map((limit) => `${name}: ${limit}`);
      });
    expect(strangers).toEqual([]);
  });

  test('are there where a panel says that an alert fires at one', () => {
    const saying = withAlerts.flatMap(({ name, panel, named }) =>
      named
        .filter((alert) => (panel.description ?? '').includes(`${alert} fires`))
        .map((alert) => ({ name, panel, alert })),
    );
    expect(saying.length).toBeGreaterThan(20);
    for (const { name, panel, alert } of saying) {
      const there = thresholdsOf(alert).some((limit) =>
        limitsOn(panel).some((other) => near(limit, other)),
      );
      expect(there, `${name} has the limit of ${alert}`).toBe(true);
    }
  });

  test('of panels alone are of panels that there are', () => {
    const names = withAlerts.map(({ name }) => name);
    expect(Object.keys(OWN_LIMITS).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('data sources', () => {
  const uids = provisioned.map(({ uid }) => uid);

  test('each that a query asks is provisioned', () => {
    for (const query of dashboardQueries('defaults')) {
      expect(uids, query.asker.title).toContain(query.datasource);
    }
  });

  test('each that another links to is provisioned', () => {
    const linked = [
      ...JSON.stringify(provisioned).matchAll(/"(?:datasource|alertmanager)Uid":"([^"]+)"/g),
    ];
    expect(linked).not.toEqual([]);
    for (const [, uid] of linked) expect(uids).toContain(uid);
  });
});

describe('queries', () => {
  test.each(['defaults', 'all'] as const)('have every variable filled in (%s)', (selection) => {
    for (const { asker, expr } of dashboardQueries(selection)) {
      expect(expr, asker.title).not.toBe('');
      expect(expr, asker.title).not.toContain('$');
    }
  });

  test('ask for rates over an interval that Grafana fits to the scrape interval, or a fixed one', () => {
    for (const panel of panels) {
      for (const [window] of JSON.stringify(panel.targets).matchAll(/\[(\$\w+|\d+\w+)\]/g)) {
        expect(window).toMatch(/^\[(\$__rate_interval|\$__auto|\$__range|\d+[mhd])\]$/);
      }
    }
  });

  test('of a panel ask for exemplars once at most, or each would be drawn several times', () => {
    for (const panel of panels) {
      const asking = (panel.targets ?? []).filter(
        (target) => 'exemplar' in target && target.exemplar,
      );
      expect(asking.length, titleOf(panel)).toBeLessThanOrEqual(1);
    }
  });
});

describe('links', () => {
  const addresses = new Map(
    built.map((dashboard) => [
      dashboard.uid,
      (dashboard.panels ?? []).filter(isPanel).map(({ id }) => id),
    ]),
  );

  test('can lead to any title, because each has its dashboard', () => {
    expect([...addresses.keys()].toSorted()).toEqual(Object.keys(titles).toSorted());
  });

  test('between dashboards lead to one that exists', () => {
    const links = [...JSON.stringify(built).matchAll(/"url":"\/d\/([^?"/]+)/g)];
    expect(links).not.toEqual([]);
    for (const [, uid] of links) expect([...addresses.keys()]).toContain(uid);
  });

  test('into Explore are queries of a data source that is provisioned', () => {
    const links = [
      ...JSON.stringify(built).matchAll(/"url":"\/explore\?schemaVersion=1&panes=([^"]+)"/g),
    ];
    expect(links).not.toEqual([]);
    for (const [, panes = ''] of links) {
      const { link } = JSON.parse(decodeURIComponent(panes)) as { link: { datasource: string } };
      expect(provisioned.map(({ uid }) => uid)).toContain(link.datasource);
    }
  });

  test('in alerts lead to a dashboard, and a panel, that exist', () => {
    const urls = [...rules, ...logRules].flatMap(
      (rule) => rule.annotations?.['dashboard_url'] ?? [],
    );
    expect(urls).not.toEqual([]);
    for (const url of urls) {
      const [, uid] = /\/d\/([^?/]+)/.exec(url) ?? [];
      const [, panel] = /viewPanel=(?:panel-)?(\d+)/.exec(url) ?? [];
      expect([...addresses.keys()], url).toContain(uid);
      if (panel !== undefined) expect(addresses.get(uid), url).toContain(Number(panel));
    }
  });
});

test('the id of a panel hangs on its title alone', () => {
  expect(idFrom('Trades')).toBe(idFrom('Trades'));
  expect(idFrom('Trades')).not.toBe(idFrom('Trading volume'));
});

interface Provisioning {
  datasources: { uid: string }[];
}

type Placed = Panel | RowPanel;

function titleOf(panel: Placed | undefined): string {
  return panel?.title ?? 'a panel without a title';
}

/** The values from which on a panel, or a column of it, changes its colour. */
function limitsOn(panel: Panel): number[] {
  const { defaults, overrides = [] } = panel.fieldConfig ?? { defaults: {} };
  const ofColumns = overrides
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id === 'thresholds')
    .map(({ value }) => value as typeof defaults.thresholds);
  return [defaults.thresholds, ...ofColumns].flatMap((thresholds) =>
    (thresholds?.steps ?? []).flatMap(({ value }) => value ?? []),
  );
}

/** Where red begins just above a limit, as `redAbove` has it, it is that limit. */
function near(one: number, other: number): boolean {
  return Math.abs(one - other) < 1e-5;
}

function right(panel: Placed): number {
  const { x, w } = position(panel);
  return x + w;
}

function overlap(one: Placed, other: Placed): boolean {
  const a = position(one);
  const b = position(other);
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Whether the other stands further right on the same line. */
function besides(panel: Placed, other: Placed): boolean {
  const a = position(panel);
  const b = position(other);
  return b.x >= a.x + a.w && b.y < a.y + a.h && a.y < b.y + b.h;
}

function position(panel: Placed) {
  if (panel.gridPos === undefined) throw new Error(`${titleOf(panel)} has no place on the grid`);
  return panel.gridPos;
}
