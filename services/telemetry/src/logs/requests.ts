import type { Request } from 'express';
import type { Debug } from './debug.ts';
import { redact } from './redact.ts';

/** Characters of a body that are logged. */
const BODY_LIMIT = 4_096;

/** Writes the headers of a request, and its body as far as it was parsed, as one debug line. Both are redacted. */
export function debugRequest(debug: Debug, path: string, request: Request): void {
  const { method, headers } = request;
  debug(`${method} ${path} as it came`, { headers, body: bounded(request.body) });
}

/** Redacted as a structure, also where it becomes text to be cut: names are what secrets are known by best. */
function bounded(body: unknown): unknown {
  const copy = redact(body);
  const text = JSON.stringify(copy) as string | undefined;
  return text !== undefined && text.length > BODY_LIMIT ? `${text.slice(0, BODY_LIMIT)}…` : copy;
}
