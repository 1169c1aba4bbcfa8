import { matchesGlob } from 'node:path';
import type { Logging } from './logger.ts';

/** Writes a debug line of one namespace, if it is listened to; its fields are redacted as in every line. */
export type Debug = (message: string, fields?: object) => void;

/**
 * Debug lines by namespace: those that `patterns` names are written whatever the level is, the others at level `debug`.
 *
 * @param patterns as of the npm package `debug`: `app:*,-app:market`; separated by commas or blanks, `*` stands for anything but `/`, `-` leaves out
 */
export function createDebug(
  { logger, lineOf, write }: Logging,
  patterns: string,
): (namespace: string) => Debug {
  const given = patterns.split(/[\s,]+/);
  const out = given.filter((pattern) => pattern.startsWith('-')).map((pattern) => pattern.slice(1));
  return (namespace) => {
    const matches = (pattern: string): boolean => matchesGlob(namespace, pattern);
    const named = given.some(matches) && !out.some(matches);
    return (message, fields) => {
      if (named || logger.isLevelEnabled('debug')) {
        write(lineOf('debug', message, { namespace, ...fields }));
      }
    };
  };
}
