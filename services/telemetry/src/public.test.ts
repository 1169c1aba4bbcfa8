// What the library promises of itself as a whole: that it can be taken away, and that its types explain it.

import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const sources = globSync('**/*.ts', {
  cwd: import.meta.dirname,
  exclude: (path) => path === 'testing' || path.endsWith('.test.ts'),
});

const manifest = JSON.parse(
  readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
) as Record<'dependencies' | 'optionalDependencies' | 'peerDependencies', Record<string, string>>;

const imported = sources.flatMap((source) =>
  ts
    .preProcessFile(readFileSync(join(import.meta.dirname, source), 'utf8'))
    .importedFiles.map(({ fileName }) => ({ source, name: fileName })),
);

test('imports its own files and what its package.json names, so nothing of trading, and names nothing else', () => {
  const leaving = imported.filter(
    ({ source, name }) => name.startsWith('.') && join(source, '..', name).startsWith('..'),
  );
  expect(leaving).toEqual([]);
  const packages = imported
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  const named = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  };
  // Its types are what declarations import as `express`.
  delete named['@types/express'];
  expect([...new Set(packages)].toSorted()).toEqual(Object.keys(named).toSorted());
});

test('explains everything that is public', () => {
  const index = join(import.meta.dirname, 'index.ts');
  const options = {
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(index);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${index} is no module`);

  const ours = checker
    .getExportsOfModule(module)
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    )
    .filter(({ declarations = [] }) =>
      declarations.some((one) => one.getSourceFile().fileName.startsWith(import.meta.dirname)),
    );
  expect(ours.length).toBeGreaterThan(10);
  const unexplained = ours
    .flatMap((symbol) => [symbol, ...(symbol.members?.values() ?? [])])
    .filter((symbol) => (symbol.flags & ts.SymbolFlags.TypeParameter) === 0)
    .filter((symbol) => symbol.getDocumentationComment(checker).length === 0);
  expect(unexplained.map((symbol) => checker.getFullyQualifiedName(symbol))).toEqual([]);
});
