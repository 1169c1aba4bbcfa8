import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { releaseLock, takeLock } from './lock.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drill-'));
  file = join(folder, '.cache/drill.lock');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test('one has it, and the next is told who, until it is let go', async () => {
  expect(await takeLock(file)).toBeUndefined();
  expect(await takeLock(file)).toBe(process.pid);
  await releaseLock(file);
  expect(await takeLock(file)).toBeUndefined();
});

test('who has ended has it no more', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  await writeFile(file, String(pid));
  expect(await takeLock(file)).toBeUndefined();
  expect(await readFile(file, 'utf8')).toBe(String(process.pid));
});
