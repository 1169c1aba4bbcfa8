// Every drill there is: the files of incidents/.

import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

import type { Drill, Incident } from './drill.ts';

const folder = new URL('incidents/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));

/** All drills, by name. */
export const drills: Drill[] = await Promise.all(
  files.toSorted().map(async (file) => {
    const { incident } = (await import(new URL(file, folder).href)) as { incident: Incident };
    return { name: basename(file, '.ts'), ...incident };
  }),
);
