import { setTimeout as delay } from 'node:timers/promises';

const requestLimitMs = 3_000;

/** Why a URL does not answer 2xx within three seconds; undefined when it does. */
export async function troubleAt(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(requestLimitMs) });
    return response.ok ? undefined : `answers ${response.status} at ${url}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `does not answer at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

/**
 * Asks again and again until there is no trouble, or the time is over.
 *
 * @param look says what is wrong, or nothing
 * @param until when to give up, in milliseconds of `Date.now()`
 * @returns what was wrong the last time, or nothing
 */
export async function troublesUntil(
  look: () => Promise<string[]>,
  until: number,
): Promise<string[]> {
  for (;;) {
    const troubles = await look();
    if (troubles.length === 0 || Date.now() >= until) return troubles;
    await delay(1_000);
  }
}
