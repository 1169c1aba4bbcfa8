import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeAll, DOCS } from './docs.ts';
import { generate } from './generate.ts';

/** Writes every dashboard and docs/dashboards.md anew, and removes what is no longer in the catalogue. */
const directory = fileURLToPath(new URL('../dashboards/', import.meta.url));

// What is in the directory, not the directory itself: a running Grafana has it mounted.
mkdirSync(directory, { recursive: true });
for (const entry of readdirSync(directory)) rmSync(join(directory, entry), { recursive: true });
for (const [path, content] of generate()) {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`grafana/dashboards/${path}`);
}
writeFileSync(DOCS, await describeAll());
console.log('docs/dashboards.md');
