// How drills are shown: the list of those there are, and what came of those that were run. Pure.

import type { Drill, NotHealed } from './drill.ts';
import { nameOf } from './expectations.ts';

/** What came of a drill. Times in seconds; undefined: it did not come to that. */
export interface Row {
  drill: string;
  alert: string;
  /** From the break to the alert's firing; never for the inbox's alarm, which is no alert. */
  detected?: number;
  /** From the break to the last of the notices. */
  notified?: number;
  /** From being healed to the last of the resolved notices. */
  resolved?: number;
  failures: string[];
  /** Why what it broke is broken still; nothing more is to be broken then. */
  notHealed?: NotHealed;
}

/** The table of results, and under it why each that failed did. */
export function resultTable(rows: Row[]): string {
  const time = (seconds?: number): string =>
    seconds === undefined ? '–' : `${seconds.toFixed(0)} s`;
  const table = columns([
    ['drill', 'alert', 'detected after', 'notified after', 'resolved after', ''],
    ...rows.map(({ drill, alert, detected, notified, resolved, failures }) => [
      drill,
      alert,
      time(detected),
      time(notified),
      time(resolved),
      failures.length === 0 ? '✓' : '✗',
    ]),
  ]);
  const reasons = rows.flatMap(({ drill, failures }) =>
    failures.map((why) => `✗ ${drill}: ${why}`),
  );
  return [table, ...reasons].join('\n');
}

/** What can be broken. */
export function listTable(drills: Drill[]): string {
  return columns([
    ['NAME', 'what it does', 'raises', 'after about'],
    ...drills.map(({ name, what, raises, seconds }) => [
      name,
      what,
      nameOf(raises),
      roughly(seconds),
    ]),
  ]);
}

/** `40 s`, `5 min`. */
export function roughly(seconds: number): string {
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function columns(lines: string[][]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
