import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeAudit } from '../testing/audit.ts';
import { temporaryDirectory } from '../testing/lines.ts';
import { verifyDirectory, verifyNewest } from './verify.ts';

const NAME = 'api-one.audit.log';

/** Eight lines; what is wrong after `change` has been at them. */
async function found(change: (lines: string[]) => string[]) {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(path, 8, { actor: 'u-1' });
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${change(lines).join('\n')}\n`);
  const [verdict] = await verifyDirectory(directory.path);
  const { wrong = [], torn = [], repeated } = verdict ?? {};
  return {
    wrong: wrong.map(({ line, what }) => `${line}: ${what}`),
    torn: torn.map(({ line }) => line),
    repeated,
  };
}

const without = (lines: string[], ...numbers: number[]): string[] =>
  lines.filter((_line, index) => !numbers.includes(index + 1));

test('finds nothing wrong where nothing is', async () => {
  expect(await found((lines) => lines)).toEqual({ wrong: [], torn: [], repeated: 0 });
});

test.each<[string, (lines: string[]) => string[], string[]]>([
  [
    'a line that was changed',
    (lines) => lines.with(3, (lines[3] ?? '').replace('u-1', 'u-2')),
    ['4: sequence 4 was changed'],
  ],
  [
    'a hash that was changed',
    (lines) => lines.with(3, (lines[3] ?? '').replace(/[0-9a-f]{64}"\}$/, `${'a'.repeat(64)}"}`)),
    ['4: sequence 4 was changed'],
  ],
  [
    'a line that was changed together with its hash',
    (lines) => {
      const [content = ''] = (lines[3] ?? '').replace('u-1', 'u-2').split(',"hash"');
      const hash = createHash('sha256').update(`${content}}`).digest('hex');
      return lines.with(3, `${content},"hash":"${hash}"}`);
    },
    ['5: sequence 5 does not follow on the line before, so that one was changed'],
  ],
  [
    'lines that were taken out',
    (lines) => without(lines, 4, 5),
    ['4: 4 to 5 are missing before sequence 6'],
  ],
  [
    'the first lines taken out',
    (lines) => without(lines, 1, 2),
    ['1: 1 to 2 are missing before sequence 3'],
  ],
  [
    'lines that changed places',
    (lines) => lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''),
    ['4: sequence 5 is out of order, before 4', '5: sequence 4 is out of order, after 5'],
  ],
  [
    'a line that somebody wrote in',
    (lines) => lines.toSpliced(4, 0, '{"action":"payment.settle","outcome":"success"}'),
    ['5: it is no line of the chain'],
  ],
])('finds %s', async (_name, change, wrong) => {
  expect(await found(change)).toEqual({ wrong, torn: [], repeated: 0 });
});

test('a line that was made to look torn is missing', async () => {
  expect(await found((lines) => lines.with(3, (lines[3] ?? '').slice(0, 100)))).toEqual({
    wrong: ['5: 4 is missing before sequence 5'],
    torn: [4],
    repeated: 0,
  });
});

test('lines that a repeated write left twice are no fault', async () => {
  expect(await found((lines) => [...lines.slice(0, 5), ...lines.slice(3)])).toEqual({
    wrong: [],
    torn: [],
    repeated: 2,
  });
});

test('finds that a whole file is missing, in the middle or at the front', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  for (const number of [3, 2, 1]) {
    await writeAudit(path, 2);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(`${path}.${number}`, `${lines.slice(-2).join('\n')}\n`);
  }
  await rm(path);
  const wrong = async () => (await verifyDirectory(directory.path))[0]?.wrong;
  expect(await wrong()).toEqual([]);
  await rm(`${path}.3`);
  expect(await wrong()).toMatchObject([{ file: `${NAME}.2`, line: 1 }]);
});

/** Files as after rotation: two lines in each of `numbers`, the first of which is the oldest. */
async function rotated(path: string, numbers: number[]): Promise<void> {
  for (const number of numbers) {
    await writeAudit(path, 2);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(`${path}.${number}`, `${lines.slice(-2).join('\n')}\n`);
  }
  await writeAudit(path, 2);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${lines.slice(-2).join('\n')}\n`);
}

test('finds that the first lines are missing, though all five files are there, when the oldest holds none', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(path, 8);
  await writeFile(path, without((await readFile(path, 'utf8')).split('\n'), 1, 2, 3).join('\n'));
  for (const number of [1, 2, 3, 4]) await writeFile(`${path}.${number}`, '');
  const [verdict] = await verifyDirectory(directory.path);
  expect(verdict).toMatchObject({
    first: 4,
    wrong: [{ file: NAME, line: 1, what: '1 to 3 are missing before sequence 4' }],
  });
});

test('what was rotated away before the oldest file is no fault, and the first sequence is told', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await rotated(path, [4, 3, 2, 1]);
  const lines = (await readFile(`${path}.4`, 'utf8')).split('\n');
  await writeFile(`${path}.4`, without(lines, 1).join('\n'));
  expect(await verifyDirectory(directory.path)).toMatchObject([
    { first: 2, last: { sequence: 10 }, wrong: [] },
  ]);
});

test('reads again when a file is nobody’s for a moment, as in the middle of a rotation', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await rotated(path, [4, 3, 2, 1]);
  await rename(`${path}.2`, `${path}.away`);
  const verdicts = verifyDirectory(directory.path);
  // Longer than the first reading takes; were it not, there would be nothing to find.
  await delay(50);
  await rename(`${path}.away`, `${path}.2`);
  expect(await verdicts).toMatchObject([{ lines: 10, wrong: [] }]);

  await rm(`${path}.2`);
  expect(await verifyDirectory(directory.path)).toMatchObject([
    { lines: 8, wrong: [{ file: `${NAME}.1`, what: '5 to 6 are missing before sequence 7' }] },
  ]);
});

test('tells each chain of a directory and exits 1 for the one that is wrong', async () => {
  await using directory = await temporaryDirectory();
  const verify = (path: string) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), path], {
      encoding: 'utf8',
    });
  expect(verify(directory.path)).toMatchObject({ status: 1 });
  expect(verify(directory.path).stderr).toContain('Expected a directory with *.audit.log');

  await writeAudit(join(directory.path, NAME), 3);
  await writeAudit(join(directory.path, 'worker-two.audit.log'), 2);
  const good = verify(directory.path);
  expect(good.status).toBe(0);
  expect(good.stdout).toMatch(
    /^api-one\.audit\.log: 3 lines in order, \d{4}-\S+Z to \d{4}-\S+Z\n {2}first: sequence 1\n {2}last: sequence 3, hash [0-9a-f]{64}$/m,
  );
  expect(good.stdout).toContain('worker-two.audit.log: 2 lines in order');

  const path = join(directory.path, NAME);
  const lines = (await readFile(path, 'utf8')).split('\n');
  await writeFile(`${path}.new`, without(lines, 2).join('\n'));
  await rename(`${path}.new`, path);
  const bad = verify(directory.path);
  expect(bad.status).toBe(1);
  expect(bad.stdout).toContain('api-one.audit.log, line 2: 2 is missing before sequence 3');
});

test('of the newest file alone only what is in it is told', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(path, 8, { actor: 'u-1' });
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const text = (some: string[]): string => `${some.join('\n')}\n`;
  await writeFile(`${path}.1`, text(lines.slice(0, 3)).replace('u-1', 'u-2'));
  await writeFile(path, text(lines.slice(3)));
  const wrong = async () => (await verifyNewest(directory.path)).map((verdict) => verdict.wrong);
  expect(await wrong()).toEqual([[]]);
  await writeFile(path, text(without(lines, 1, 2, 3, 6)));
  const what = '6 is missing before sequence 7';
  expect(await wrong()).toEqual([[{ file: NAME, line: 3, what }]]);
});

test('of a newest file that was emptied, cut or deleted, what is missing is told with the next line', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(path, 9);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${lines.at(-1) ?? ''}\n`);
  const wrong = async () => (await verifyNewest(directory.path)).map((verdict) => verdict.wrong);
  const missing = (what: string) => [[{ file: NAME, line: 1, what }]];
  expect(await wrong()).toEqual(missing('1 to 8 are missing before sequence 9'));
  // With an older file, which ends with the third line.
  await writeFile(`${path}.1`, `${lines.slice(0, 3).join('\n')}\n`);
  expect(await wrong()).toEqual(missing('4 to 8 are missing before sequence 9'));
});

test('nothing is missing of a newest file that is there twice, as when it is rotated while it is read', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await rotated(path, [2, 1]);
  expect(await verifyNewest(directory.path)).toMatchObject([{ lines: 2, wrong: [] }]);
  await copyFile(path, `${path}.1`);
  expect(await verifyNewest(directory.path)).toMatchObject([{ lines: 2, wrong: [] }]);
  // Or nobody's for a moment.
  await rm(`${path}.1`);
  expect(await verifyNewest(directory.path)).toMatchObject([{ lines: 2, wrong: [] }]);
});
