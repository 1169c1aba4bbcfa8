// Every drill there is: the files of incidents/.

import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

import type { Drill, Incident } from './drill.ts';

const folder = new URL('incidents/', import.meta.url);
const names = readdirSync(folder).map((file) => basename(file, '.ts'));

/** All drills, by name. */
export const drills: Drill[] = await Promise.all(
  names.toSorted().map(async (name) => {
    const file = new URL(`${name}.ts`, folder);
    const { incident } = (await import(file.href)) as { incident: Incident };
    return { name, ...incident };
  }),
);
