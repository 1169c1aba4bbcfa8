import type { RequestHandler } from 'express';
import type { SecurityEvents } from './events.ts';

export type Probe = 'directory_traversal' | 'sql_injection_probe';

/** What is looked at of a URL; attacks stand at its front, and a long one must not cost much. */
const LOOKED_AT = 2048;

// A whole segment `..`, or a file that no client of ours has heard of.
const DIRECTORY_TRAVERSAL =
  /(?:^|[/\\?&=])(?:\.\.(?:[/\\&]|$)|etc\/(?:passwd|shadow)\b|\.env(?![\w-]))/;
// Blanks may be comments. The comparison is of two literals, as in `' or 1=1` and `" or "a"="a`.
const SQL_INJECTION =
  /\bunion(?:\s|\/\*\*\/)+(?:all\s+)?select\b|['"]\s{0,9}\)?\s{0,9}(?:or|and)\s+['"]?\w{1,20}['"]?\s{0,9}=\s{0,9}['"]?\w/;

/** Whether a path with its query looks like an attempt to read files, or to smuggle SQL in. */
export function probeIn(url: string): Probe | undefined {
  const text = decoded(decoded(url.slice(0, LOOKED_AT)))
    .replaceAll('+', ' ')
    .toLowerCase();
  if (DIRECTORY_TRAVERSAL.test(text)) return 'directory_traversal';
  if (SQL_INJECTION.test(text)) return 'sql_injection_probe';
  return undefined;
}

/** Twice of it undoes `%252e`. What is no escape stays as it is. */
function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * Notes requests that look like an attack. It blocks none: a look-alike must not cost a customer an answer, and what protects
 * us is that paths are matched as a whole and SQL takes parameters.
 */
export function watchForProbes(events: SecurityEvents): RequestHandler {
  return (request, _response, next) => {
    const probe = probeIn(request.originalUrl);
    if (probe) events.note(probe, request.ip ?? 'unknown', { path: request.path.slice(0, 200) });
    next();
  };
}
