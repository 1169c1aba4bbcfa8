import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../testing/lines.ts';
import { RotatingFile } from './file.ts';

const line = (number: number): Buffer => Buffer.from(`${String(number).padStart(9, '0')}\n`);

test('keeps so many files of such a size, the newest lines, whole and in order', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'deep', 'api.log');
  const file = new RotatingFile(path, 100, 3);
  for (let number = 0; number < 95; number += 1) await file.write(line(number));
  await file.close();
  expect((await readdir(join(directory.path, 'deep'))).sort()).toEqual([
    'api.log',
    'api.log.1',
    'api.log.2',
  ]);
  const text = (
    await Promise.all([`${path}.2`, `${path}.1`, path].map((name) => readFile(name, 'utf8')))
  ).join('');
  const numbers = text.trim().split('\n').map(Number);
  expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => 70 + index));
});

test('goes on in the file that it finds, and others may read it', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'api.log');
  await writeFile(path, 'before\n');
  const file = new RotatingFile(path, 1_000, 5);
  await file.write(Buffer.from('after\n'));
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('before\nafter\n');
  expect((await stat(path)).mode & 0o444).toBe(0o444);
});

test('begins a line of its own after one that a killed process left unfinished', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'api.log');
  await writeFile(path, 'unfin');
  const file = new RotatingFile(path, 1_000, 5);
  await file.write(Buffer.from('after\n'));
  await file.write(Buffer.from('and on\n'));
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('unfin\nafter\nand on\n');
});

test('begins a new file when its own has been cleaned away', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'api.log');
  const file = new RotatingFile(path, 1_000, 5);
  await file.write(line(1));
  await rm(path);
  await file.write(line(2));
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('000000002\n');
});

test('says that a full disk is full', async () => {
  await expect(new RotatingFile('/dev/full', 1_000, 5).write(line(1))).rejects.toThrow('ENOSPC');
});

test('fails while its directory cannot be had and works when it can', async () => {
  await using directory = await temporaryDirectory();
  const blocked = join(directory.path, 'logs');
  await writeFile(blocked, 'a file in the way');
  const file = new RotatingFile(join(blocked, 'api.log'), 1_000, 5);
  await expect(file.write(line(1))).rejects.toThrow();
  await rm(blocked);
  await file.write(line(2));
  await file.close();
  expect(await readFile(join(blocked, 'api.log'), 'utf8')).toBe(line(2).toString());
});
