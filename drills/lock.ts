// That one run of drills is on at a time: two would take each other's incidents for their own, and heal what the other broke.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { root } from '../tests/stack.ts';

/** Holds the id of the process that runs drills. */
export const lockFile = join(root, '.cache/drill.lock');

/**
 * Takes the lock, also from a process that ended without letting it go.
 *
 * @returns the id of the process that has it, when that still lives; nothing when it is ours now
 */
export async function takeLock(file = lockFile): Promise<number | undefined> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(file, 'utf8'));
  if (holder > 0 && lives(holder)) return holder;
  await rm(file, { force: true });
  return takeLock(file);
}

/** Lets it go again. */
export async function releaseLock(file = lockFile): Promise<void> {
  await rm(file, { force: true });
}

function lives(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // Of somebody else, it may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
