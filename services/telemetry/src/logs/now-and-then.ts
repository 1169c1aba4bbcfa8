const PAUSE_MS = 60_000;

/** Calls `tell` once a minute at most: what fails every few seconds is worth one line a minute, to find out why. */
export function nowAndThen<T>(tell: (value: T) => void): (value: T) => void {
  let silentUntil = 0;
  return (value) => {
    if (performance.now() < silentUntil) return;
    silentUntil = performance.now() + PAUSE_MS;
    tell(value);
  };
}
