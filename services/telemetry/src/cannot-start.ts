import type { z } from 'zod';

/** What is said of settings that are wrong: each with its name, what came, and what was expected. @param given what was checked */
export function cannotStart(
  what: string,
  { issues }: z.ZodError,
  given: Readonly<Record<string, unknown>>,
): Error {
  const lines = issues.map(({ path, message }) => {
    const name = String(path[0]);
    return `${name}=${String(given[name])}: ${message}`;
  });
  return new Error(`${what}:\n  ${lines.join('\n  ')}`);
}
