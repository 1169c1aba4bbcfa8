import { expect } from 'vitest';

/** `expect.poll` with time enough for a busy machine: it ends as soon as the promise holds. */
export function eventually<T>(look: () => T) {
  return expect.poll(look, { timeout: 20_000 });
}
