// Makes the package that other projects install, dist/crows-nest-telemetry-<version>.tgz, and prints its path:
//   npm run pack -w @crows-nest/telemetry
// JavaScript and declarations, compiled from src, and a package.json whose exports lead to them.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  version: string;
  exports: Record<string, string>;
}

const here = import.meta.dirname;
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as Manifest;
const tarball = join(here, 'dist', `crows-nest-telemetry-${manifest.version}.tgz`);

const building = mkdtempSync(join(tmpdir(), 'telemetry-pack-'));
try {
  // In a package's tarball everything is below `package`.
  const content = join(building, 'package');
  execFileSync(
    process.execPath,
    [tsc, '-p', join(here, 'tsconfig.pack.json'), '--outDir', content],
    // Its complaints are errors: standard output is for the path.
    { stdio: ['ignore', 2, 2] },
  );
  writeFileSync(join(content, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
  copyFileSync(join(here, 'README.md'), join(content, 'README.md'));
  mkdirSync(join(here, 'dist'), { recursive: true });
  execFileSync('tar', ['-czf', tarball, '-C', building, 'package']);
  console.log(tarball);
} finally {
  rmSync(building, { recursive: true });
}

/** The manifest without what only this repository needs; `./src/index.ts` becomes `./index.js` with its `./index.d.ts`. */
function published({ exports, ...rest }: Manifest): object {
  const built = Object.entries(exports).map(([name, source]) => {
    const path = source.replace('./src/', './').replace(/\.ts$/, '');
    // `default`, so that `require` finds it too.
    return [name, { types: `${path}.d.ts`, default: `${path}.js` }] as const;
  });
  return {
    ...rest,
    private: undefined,
    scripts: undefined,
    devDependencies: undefined,
    exports: Object.fromEntries(built),
  };
}
