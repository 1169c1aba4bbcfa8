import { writeFileSync } from 'node:fs';
import { FILE, generate } from './generate.ts';

/** Writes docs/signals.md anew. */
writeFileSync(FILE, await generate());
console.log('docs/signals.md');
