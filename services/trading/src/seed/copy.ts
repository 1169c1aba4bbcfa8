import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export type Value = string | number | null;

/**
 * Sends rows by COPY (https://www.postgresql.org/docs/17/sql-copy.html, text format), as they come, so that they need not
 * fit into memory.
 *
 * @param target table and columns, as SQL
 */
export async function copyRows(
  client: pg.ClientBase,
  target: string,
  rows: Iterable<Value[]>,
): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN`));
  await pipeline(Readable.from(lines(rows)), stream);
}

// A chunk of many lines: a line each would be a call each.
function* lines(rows: Iterable<Value[]>): Generator<string> {
  let chunk = '';
  for (const row of rows) {
    chunk += `${row.map(escaped).join('\t')}\n`;
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

function escaped(value: Value): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  return value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string);
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
