import { hash } from 'node:crypto';

/** Where a chain has got to: the number of its last line, and that line's hash. */
export interface Link {
  sequence: number;
  hash: string;
}

/** What the first line follows on. */
export const BEGINNING: Link = { sequence: 0, hash: '0'.repeat(64) };

/** How a line of the chain ends. One that does not was never written to its end. */
const END = /,"sequence":(\d{1,15}),"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
/** `,"hash":"…"}`: what a line is hashed without. */
const HASH_LENGTH = 75;

/**
 * Puts a line (a JSON object with at least one field) into the chain, as the one after `last`.
 *
 * Its last fields become `"sequence":n,"previous":"…","hash":"…"`. The hash is the SHA-256, in hex, over the bytes of the line as it
 * stands in the file, in UTF-8, without its line end and without `,"hash":"…"` at its end:
 *
 *     sed -E 's/,"hash":"[0-9a-f]{64}"\}$/}/' | tr -d '\n' | sha256sum
 */
export function chain(line: string, last: Link): { text: string; link: Link } {
  const sequence = last.sequence + 1;
  const hashed = `${line.slice(0, -1)},"sequence":${sequence},"previous":"${last.hash}"}`;
  const own = sha256(hashed);
  return { text: `${hashed.slice(0, -1)},"hash":"${own}"}`, link: { sequence, hash: own } };
}

/** What a whole line says of its place; undefined for one that broke off. */
export function linkOf(line: string): (Link & { previous: string }) | undefined {
  const [, sequence, previous = '', own = ''] = END.exec(line) ?? [];
  return sequence === undefined ? undefined : { sequence: Number(sequence), previous, hash: own };
}

/** Whether the hash at the end of a whole line is that of its content. */
export function isGenuine(line: string): boolean {
  return sha256(`${line.slice(0, -HASH_LENGTH)}}`) === linkOf(line)?.hash;
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
