import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { generate } from './generate.ts';
import { isPanel } from './queries.ts';

// Whether the pinned Grafana understands the JSON, by the types that it publishes: the SDK that writes it is not of the same
// release, and leaves much of it (overrides, transformations, options of the data sources) to us.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCHEMA = '@grafana/schema';
const require = createRequire(import.meta.url);
const schema = require(`${SCHEMA}/package.json`) as {
  version: string;
  exports: Record<string, { types: string }>;
};

/** A module of types, and the text of its declarations. */
interface Types {
  module: string;
  declarations: string;
}

/** The types of each kind of panel, by the name it has there: `statetimeline` for `state-timeline`. */
const kinds = new Map(
  Object.entries(schema.exports).flatMap(([path, { types }]): [string, Types][] => {
    const [, kind] = /composable\/(\w+)\/panelcfg\//.exec(path) ?? [];
    if (kind === undefined) return [];
    const file = require.resolve(`${SCHEMA}/package.json`).replace('package.json', types);
    return [
      [kind, { module: path.replace('.', SCHEMA), declarations: readFileSync(file, 'utf8') }],
    ];
  }),
);

interface Generated {
  path: string;
  json: string;
  panels: Panel[];
}

const dashboards: Generated[] = [...generate()].map(([path, json]) => {
  const { panels } = JSON.parse(json) as { panels: Panel[] };
  return { path, json, panels: panels.filter(isPanel) };
});

test('the types are of the Grafana that runs', () => {
  const compose = readFileSync(`${ROOT}docker-compose.monitoring.yml`, 'utf8');
  expect(compose).toContain(`image: grafana/grafana:${schema.version}\n`);
});

test('every panel is of a kind that it has; what it once had and dropped (graph, singlestat, …) is not among them', () => {
  expect(kinds.size).toBeGreaterThan(20);
  for (const { path, panels } of dashboards) {
    for (const panel of panels) {
      expect([...kinds.keys()], `${path}, "${panel.title ?? ''}"`).toContain(kindOf(panel));
    }
  }
});

// The compiler reads Grafana's types and every dashboard: seconds, on a busy machine many.
test('the JSON is of these types', { timeout: 120_000 }, () => {
  expect(faultsIn(dashboards)).toEqual([]);
});

test('what is not of these types is found', { timeout: 120_000 }, () => {
  const wrong = {
    path: 'wrong.json',
    json: JSON.stringify({ schemaVersion: 42, tytle: 'Misspelt' }),
    panels: [
      { type: 'stat', title: 'Wrong', options: { graphMode: 'sparkle' } } as unknown as Panel,
    ],
  };
  const faults = faultsIn([wrong]);
  expect(faults).toHaveLength(2);
  expect(faults[0]).toMatch(/^wrong.json: .*tytle/);
  expect(faults[1]).toMatch(/^wrong.json, options of "Wrong": .*sparkle/);
});

/** What the compiler finds wrong with the JSON, as TypeScript: the whole as a dashboard, and each panel as one of its kind. */
function faultsIn(generated: Generated[]): string[] {
  const checks = generated.flatMap(({ path, json, panels }) => [
    { name: path, type: 'Dashboard', value: JSON.stringify(JSON.parse(json), withoutUntyped) },
    ...panels.flatMap((panel) => checksOf(path, panel)),
  ]);
  const used = [...kinds].map(([kind, { module }]) => `import type * as ${kind} from '${module}';`);
  const head = [
    `import type { Dashboard } from '${SCHEMA}/dist/esm/raw/dashboard/x/Dashboard_types.gen';`,
    `import type { LokiDataQuery } from '${SCHEMA}/dist/esm/raw/composable/loki/dataquery/x/LokiDataQuery_types.gen';`,
    ...used,
    // As written: enums are their values, and what has a default may be left out.
    'type Written<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T',
    ' : T extends readonly (infer E)[] ? Written<E>[] : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;',
    'declare function check<T>(json: Written<T>): void;',
  ];
  const source = [...head, ...checks.map(({ type, value }) => `check<${type}>(${value});`)];
  return diagnose(source.join('\n')).map(({ line, message }) => {
    return `${checks[line - head.length]?.name ?? 'the types'}: ${message}`;
  });
}

/** What Grafana itself writes though its types leave it out: what annotations ask, and a variable's query as one reads it. */
function withoutUntyped(field: string, value: unknown): unknown {
  if (field === 'definition') return undefined;
  if (field !== 'annotations') return value;
  const { list } = value as { list: Record<string, unknown>[] };
  const typed = ['name', 'datasource', 'enable', 'hide', 'iconColor'];
  return {
    list: list.map((one) =>
      Object.fromEntries(Object.entries(one).filter(([key]) => typed.includes(key))),
    ),
  };
}

/** Options, field configuration (also of single columns) and queries of a panel. */
function checksOf(path: string, panel: Panel): { name: string; type: string; value: string }[] {
  const kind = kindOf(panel);
  const has = (type: string) =>
    kinds.get(kind)?.declarations.includes(`export interface ${type} `) === true;
  const { defaults, overrides = [] } = panel.fieldConfig ?? { defaults: {} };
  const ofColumns = overrides
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id.startsWith('custom.'))
    .map(({ id, value }): unknown => ({ [id.replace('custom.', '')]: value as unknown }));
  const check = (what: string, type: string, value: unknown) => ({
    name: `${path}, ${what} of "${panel.title ?? ''}"`,
    type,
    value: JSON.stringify(value),
  });
  return [
    ...(has('Options') ? [check('options', `${kind}.Options`, panel.options ?? {})] : []),
    ...(has('FieldConfig')
      ? [defaults.custom ?? {}, ...ofColumns].map((custom) =>
          check('fields', `${kind}.FieldConfig`, custom),
        )
      : []),
    ...(panel.datasource?.type === 'loki'
      ? (panel.targets ?? []).map((target) => check('a query', 'LokiDataQuery', target))
      : []),
  ];
}

function kindOf({ type }: Pick<Panel, 'type'>): string {
  return type.replaceAll('-', '').toLowerCase();
}

/** Compiles a module in memory, as if it were beside this one. */
function diagnose(source: string): { line: number; message: string }[] {
  const file = `${ROOT}grafana/src/schema.generated.ts`;
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    lib: ['lib.es2024.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { fileExists: host.fileExists.bind(host), read: host.getSourceFile.bind(host) };
  host.fileExists = (path) => path === file || onDisk.fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file
      ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2024)
      : onDisk.read(path, ...rest);
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).map((diagnostic) => ({
    line: diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
  }));
}
