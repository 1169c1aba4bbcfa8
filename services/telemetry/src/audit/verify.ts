import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FILE_COUNT } from '../logs/logger.ts';
import { BEGINNING, isGenuine, type Link, linkOf } from './chain.ts';

/** What there is to say of one line. */
export interface Finding {
  file: string;
  /** Counted from 1. */
  line: number;
  what: string;
}

/** What the files of one service's instance say. */
export interface Verdict {
  /** `<service>-<instance>.audit.log` */
  name: string;
  /** Whole lines, each counted once. */
  lines: number;
  /** `timestamp` of the first and of the last line. */
  from: string;
  to: string;
  /** Sequence of the first line; 0 when there is none. Where the oldest file is there, only another copy can tell what was before. */
  first: number;
  /** The end of the chain; whether there was more after it, only another copy can tell. */
  last: Link;
  /** Lines that were changed, are missing, or are not in their place. */
  wrong: Finding[];
  /** What a crash leaves: lines that broke off before they were part of the chain. */
  torn: Finding[];
  /** Lines that stand there a second time, as after a write that failed half way and was repeated. */
  repeated: number;
}

interface FileLines {
  file: string;
  lines: string[];
}

/** Verifies the audit files of a directory: one verdict for each service's instance. */
export async function verifyDirectory(directory: string): Promise<Verdict[]> {
  const names = (await readdir(directory)).filter((name) => /\.audit\.log(?:\.\d+)?$/.test(name));
  const chains = Map.groupBy(names, (name) => name.replace(/\.\d+$/, ''));
  return Promise.all(
    [...chains.keys()].sort().map(async (name) => {
      const files = await read(directory, name);
      return verify(name, files, beginning(name, files));
    }),
  );
}

/**
 * Verifies the newest file of each chain, and that it follows on the one before it: what a service can afford to do again and again.
 * While it is the newest a file is looked at many times; what was changed in an older one since, only {@link verifyDirectory} tells.
 *
 * @throws when the directory or a file cannot be read
 */
export async function verifyNewest(directory: string): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const names = await readdir(directory);
  // One chain after the other, so that no more than two files are in memory.
  for (const name of names) {
    if (!name.endsWith('.audit.log')) continue;
    const newest = await readFileLines(directory, name);
    // Amid a rotation there is none for a moment.
    if (newest === undefined) continue;
    // Read second: when they are rotated meanwhile it is the same file, or nobody's for a moment, and what came before is not known.
    const older = await readFileLines(directory, fileName(name, 1));
    const isFirst = older === undefined && !names.some((other) => other.startsWith(`${name}.`));
    const before = older?.lines.findLast((line) => linkOf(line) !== undefined);
    const isKnown = before !== undefined && !newest.lines.includes(before);
    verdicts.push(
      verify(name, [newest], isFirst ? BEGINNING : isKnown ? linkOf(before) : undefined),
    );
  }
  return verdicts;
}

/** How often files are read again that are being rotated, and the milliseconds between. */
const READ_AGAIN = 10;
const READ_AGAIN_MS = 20;

/** The files of one chain, oldest first. For a moment of each rotation a name is nobody's: then they are read again. */
async function read(directory: string, name: string): Promise<FileLines[]> {
  for (let again = READ_AGAIN; ; again -= 1) {
    const files = await readOnce(directory, name);
    const hasGap = files.length > 0 && files[0]?.file !== fileName(name, files.length - 1);
    if (!hasGap || again === 0) return files;
    await delay(READ_AGAIN_MS);
  }
}

async function readOnce(directory: string, name: string): Promise<FileLines[]> {
  const files: FileLines[] = [];
  // Newest first: when they are rotated meanwhile, one is read twice, and none left out.
  for (let number = 0; number < FILE_COUNT; number += 1) {
    const found = await readFileLines(directory, fileName(name, number));
    if (found !== undefined) files.unshift(found);
  }
  return files;
}

/** Undefined when there is no such file. */
async function readFileLines(directory: string, file: string): Promise<FileLines | undefined> {
  const text = await readFile(join(directory, file), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : { file, lines: text.split('\n') };
}

function fileName(name: string, number: number): string {
  return number === 0 ? name : `${name}.${number}`;
}

/** What the first line of all files must follow on: nothing, unless there is the oldest file, before which some were rotated away. */
function beginning(name: string, files: FileLines[]): Link | undefined {
  const oldest = files.find(({ file }) => file === fileName(name, FILE_COUNT - 1));
  // One that holds nothing is as good as none.
  return oldest?.lines.some((line) => linkOf(line) !== undefined) ? undefined : BEGINNING;
}

/**
 * Goes through one chain. After something wrong it goes on from there, so that each fault is told once.
 *
 * @param before what its first line must follow on; undefined where that is not known
 */
function verify(name: string, files: FileLines[], before: Link | undefined): Verdict {
  const verdict: Verdict = {
    name,
    lines: 0,
    from: '',
    to: '',
    first: 0,
    last: before ?? BEGINNING,
    wrong: [],
    torn: [],
    repeated: 0,
  };
  const places = files.flatMap(({ file, lines }) =>
    lines.map((text, index) => ({ file, line: index + 1, text })).filter(({ text }) => text !== ''),
  );
  const present = new Set(places.map(({ text }) => linkOf(text)?.sequence));
  const seen = new Map<number, string>();
  let begun = before !== undefined;
  let followable = true;

  for (const { file, line, text } of places) {
    const wrong = (what: string): void => {
      verdict.wrong.push({ file, line, what });
    };
    const link = linkOf(text);
    if (link === undefined) {
      if (isJson(text)) wrong('it is no line of the chain');
      else verdict.torn.push({ file, line, what: 'it broke off' });
      continue;
    }
    const { sequence, previous, hash } = link;
    if (seen.get(sequence) === text) {
      verdict.repeated += 1;
      continue;
    }
    seen.set(sequence, text);
    verdict.lines += 1;
    const genuine = isGenuine(text);
    if (!genuine) wrong(`sequence ${sequence} was changed`);
    const { last } = verdict;
    const next = last.sequence + 1;
    if (begun && sequence < next) {
      wrong(`sequence ${sequence} is out of order, after ${last.sequence}`);
      continue;
    }
    if (begun && sequence > next) {
      const moved = present.has(next);
      wrong(
        moved
          ? `sequence ${sequence} is out of order, before ${next}`
          : `${missing(next, sequence - 1)} missing before sequence ${sequence}`,
      );
    } else if (begun && followable && genuine && previous !== last.hash) {
      wrong(`sequence ${sequence} does not follow on the line before, so that one was changed`);
    }
    begun = true;
    followable = genuine;
    verdict.first ||= sequence;
    verdict.last = { sequence, hash };
    verdict.to = timestampOf(text);
    verdict.from ||= verdict.to;
  }
  return verdict;
}

function missing(first: number, last: number): string {
  return first === last ? `${first} is` : `${first} to ${last} are`;
}

/** The front part of a line, which is all that a crash can leave of it, is none. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function timestampOf(line: string): string {
  return /^\{"timestamp":"([^"]{1,40})"/.exec(line)?.[1] ?? 'unknown';
}
