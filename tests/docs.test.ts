// What the documentation says of tasks, ports, settings and files is so. Needs no running stack.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { root } from './stack.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const documents = globSync('**/*.md', {
  cwd: root,
  exclude: (path) => /(^|\/)(node_modules|\.git)$/.test(path),
}).map((path) => ({ path, text: read(path) }));

const composeFiles = ['docker-compose.yml', 'docker-compose.monitoring.yml'];
const composeText = [...composeFiles, 'docker-compose.elastic.yml'].map(read).join('\n');

/** `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}` in the compose files, also those within a default; `$${` is not one of them. */
const used = [
  ...composeText.matchAll(/(?<!\$)(?=\$\{([A-Z_]+)(?::\?[^{}]*|:?-((?:[^{}]|\$\{[^{}]*\})*))?\})/g),
].map(([, name = '', fallback = '']) => ({ name, fallback }));

/** The settings of .env.example, with their defaults. */
const settings = new Map(
  [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]),
);

interface Service {
  ports?: string[];
  mem_limit?: string;
  image: string;
}

const services = Object.assign(
  {},
  ...composeFiles.map(
    (path) =>
      (parse(read(path), { merge: true }) as { services: Record<string, Service> }).services,
  ),
) as Record<string, Service>;

/** The host ports the compose files publish where no setting says otherwise. */
const publishedPorts = Object.values(services)
  .flatMap(({ ports }) => ports ?? [])
  .map((port) => /_PORT:-(\d+)\}:\d+$/.exec(port)?.[1] ?? port);

describe('make', () => {
  const makefile = read('Makefile');
  const targets = new Map(
    [...makefile.matchAll(/^([a-z][a-z-]*):.*?(?:## (.*))?$/gm)].map(([, name = '', help]) => [
      name,
      help,
    ]),
  );

  test('help tells of every task', () => {
    expect([...targets].filter(([, help]) => help === undefined)).toEqual([]);
    expect(targets.size).toBeGreaterThan(0);
  });

  test.each(documents)('knows every task that $path names', ({ text }) => {
    const named = [...text.matchAll(/(?:`|^\s*)make ([a-z][a-z-]*)/gm)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !targets.has(name))).toEqual([]);
  });
});

describe('npm run', () => {
  /** The scripts of the package that `-w @crows-nest/<name>` means, or of the root. */
  const scriptsOf = (workspace: string | undefined): string[] => {
    const [path] =
      workspace === undefined
        ? ['package.json']
        : globSync(`{,services/}${workspace}/package.json`, { cwd: root });
    if (path === undefined) return [];
    return Object.keys((JSON.parse(read(path)) as { scripts?: object }).scripts ?? {});
  };

  test.each(documents)('knows every script that $path names', ({ text }) => {
    const named = [...text.matchAll(/npm run ([a-z][a-z:-]*)(?: -w @crows-nest\/([a-z-]+))?/g)].map(
      ([, script = '', workspace]) => ({ script, workspace }),
    );
    expect(named.filter(({ script, workspace }) => !scriptsOf(workspace).includes(script))).toEqual(
      [],
    );
  });
});

describe('ports', () => {
  const readme = read('README.md');

  test('every published port is in README’s addresses', () => {
    const addresses = /## Addresses\n(.*?)\n## /s.exec(readme)?.[1] ?? '';
    const missing = publishedPorts.filter((port) => !new RegExp(`\\b${port}\\b`).test(addresses));
    expect(missing).toEqual([]);
  });

  test.each(documents)('every address on localhost in $path is a published port', ({ text }) => {
    // Databases and mail servers are ones that the reader starts alone, on ports of his own.
    const named = [...text.matchAll(/(?<!(?:postgres|redis|smtp):\/\/\S*)\blocalhost:(\d+)/g)].map(
      ([, port = '']) => port,
    );
    expect(named.filter((port) => !publishedPorts.includes(port))).toEqual([]);
  });

  test('every published port binds the address of the setting, 127.0.0.1 by default', () => {
    const open = Object.values(services)
      .flatMap(({ ports }) => ports ?? [])
      .filter((port) => !port.startsWith('${BIND_ADDRESS:-127.0.0.1}:'));
    expect(open).toEqual([]);
  });
});

describe('settings', () => {
  test('every setting of .env.example is read by the compose files, with the same default', () => {
    // What is left empty there has a default that other settings make up.
    const differing = [...settings].filter(
      ([name, value]) =>
        !used.some(
          (one) =>
            one.name === name &&
            (one.fallback === value || (value === '' && one.fallback.includes('${'))),
        ),
    );
    expect(differing).toEqual([]);
  });

  test('no default is written in two ways', () => {
    const defaults = Map.groupBy(used, ({ name }) => name);
    const differing = [...defaults].filter(
      ([, uses]) => new Set(uses.map(({ fallback }) => fallback)).size > 1,
    );
    expect(differing).toEqual([]);
  });

  test('no setting has a name by which Docker’s builder would understand something else', () => {
    expect([...settings.keys()].filter((name) => /^(OTEL|BUILD|DOCKER)/.test(name))).toEqual([]);
  });

  test('every setting that the compose files read is explained in .env.example', () => {
    expect(used.map(({ name }) => name).filter((name) => !settings.has(name))).toEqual([]);
  });

  test('the settings of the test stack are ones that exist', () => {
    const names = read('tests/test.env').match(/^[A-Z_]+(?==)/gm) ?? [];
    expect(names.filter((name) => !settings.has(name))).toEqual([]);
  });
});

test.each(documents)('every link of $path leads to a file that exists', ({ path, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, to = '']) => to);
  expect(links.filter((to) => !existsSync(join(root, dirname(path), to)))).toEqual([]);
});

test('every document that a source names exists', () => {
  const sources = globSync('**/*.{ts,js,sh,yml,conf}', {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|\.git|\.cache)$/.test(path),
  });
  const missing = sources.flatMap((path) =>
    [...read(path).matchAll(/(?<![\w./])(?:docs|services|[a-z]+)\/[\w/-]+\.md\b/g)]
      .map(([document]) => `${path}: ${document}`)
      .filter((named) => !existsSync(join(root, named.split(': ')[1] ?? ''))),
  );
  expect(missing).toEqual([]);
});

test('what docs/adopt.md adds to a service is what its example has', () => {
  const changes = [...read('docs/adopt.md').matchAll(/```diff\n(.*?)```/gs)].flatMap(
    ([, diff = '']) => diff.split(/^(?=@@ )/m),
  );
  expect(changes.length).toBeGreaterThan(1);
  for (const change of changes) {
    const [head = '', ...lines] = change.trimEnd().split('\n');
    const [, file = ''] = /^@@ ([\w.]+)/.exec(head) ?? [];
    const after = lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1));
    expect(read(`docs/examples/adopt/${file}`), head).toContain(after.join('\n'));
  }
});

test('every folder in README’s list exists', () => {
  const list = /## Where things are\n(.*)/s.exec(read('README.md'))?.[1] ?? '';
  const folders = [...list.matchAll(/^\| (.+?) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/(?<=`)[\w/.-]+(?=`)/g) ?? [],
  );
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
});
