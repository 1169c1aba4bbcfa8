import { readFileSync } from 'node:fs';
import { RotatingFile } from '../logs/file.ts';
import { MESSAGE } from '../logs/format.ts';
import { FILE_COUNT, FILE_SIZE, type Logging } from '../logs/logger.ts';
import { LineQueue } from '../logs/queue.ts';
import { BEGINNING, chain, type Link, linkOf } from './chain.ts';

/** Something that somebody did, or was refused. Texts are redacted as in every line. */
export interface AuditEvent {
  /** What was done: `auth.login`. Of few values, so that it can be searched by. */
  action: string;
  /** Whether it was done. */
  outcome: 'success' | 'failure';
  /** Who did it: a user id or a name that we gave; never an e-mail address. Left out where nobody knows. */
  actor?: string | undefined;
  /** The network address it came from. */
  address?: string | undefined;
  /** What it was done to: `payment:17`. */
  target?: string | undefined;
  /** Why it failed, or was done. */
  reason?: string | undefined;
}

export interface AuditOptions {
  logging: Pick<Logging, 'lineOf' | 'show'>;
  /** The file; without one lines go to standard output and the sinks only. */
  path: string | undefined;
  onDropped: (lines: number) => void;
}

/** The audit stream, and how to end it. */
export interface Audit {
  audit: (event: AuditEvent) => void;
  /** Writes what waits, for at most so many milliseconds. */
  close: (milliseconds: number) => Promise<void>;
}

/**
 * A log whose lines are chained by their hashes (`chain.ts`), so that one that was changed, taken out or moved shows. A line gets
 * its place when it is given, so one that is dropped later leaves a gap. The chain goes on from the last whole line of the file:
 * what a process that was killed had not written to its end never was part of it, and stands beside the chain as a torn line.
 */
export function createAudit({ logging, path, onDropped }: AuditOptions): Audit {
  const file =
    path === undefined
      ? undefined
      : new LineQueue(new RotatingFile(path, FILE_SIZE, FILE_COUNT), onDropped);
  let last = path === undefined ? BEGINNING : lastLink(path);
  return {
    audit({ action, outcome, actor, address, target, reason }) {
      const event = { stream: 'audit', action, outcome, actor, address, target, reason };
      const line = logging.lineOf('info', `${action} ${outcome}`, event);
      const { text, link } = chain(line[MESSAGE] as string, last);
      last = link;
      line[MESSAGE] = text;
      logging.show(line);
      file?.push(text);
    },
    async close(milliseconds) {
      await file?.close(milliseconds);
    },
  };
}

/** Where the file's chain has got to; a new file may hold nothing whole yet, so the one before it is looked at too. */
function lastLink(path: string): Link {
  for (const name of [path, `${path}.1`]) {
    const link = textOf(name).split('\n').map(linkOf).findLast(Boolean);
    if (link !== undefined) return link;
  }
  return BEGINNING;
}

/** Once for each file, as the process starts: at most two files' size, and synchronously. One that cannot be read begins a new chain, which shows. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
