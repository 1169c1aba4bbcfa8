/**
 * Whether a path is asked by machines that watch the service, not by its users: `/health…` and `/metrics`. Such requests
 * are not traced, not in the request metrics, and logged at `debug` only, or they would drown what matters. A 503 of theirs is an
 * answer, not an error.
 */
export function isOperational(url: string): boolean {
  return /^\/(?:health(?:\/[a-z]+)?|metrics)\/?(?:\?|$)/.test(url);
}
