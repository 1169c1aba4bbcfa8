/**
 * What tracing lost in this process. Plain numbers, because tracing starts before there is a metrics registry; the
 * registry reads them when it is scraped.
 */
export const losses = {
  /** Spans that never reached the receiver: the queue was full, or the receiver refused or stayed away. */
  spansDropped: 0,
  /** Failed attempts to send a batch, those that were repeated with success included. */
  exportFailures: 0,
};

let tell: ((error: Error) => void) | undefined;

/** Counts a failed attempt to send and tells whoever wants to know why. */
export function countExportFailure(error: Error): void {
  losses.exportFailures += 1;
  tell?.(error);
}

/** Has `listener` told of every failed attempt to send; undefined ends that. */
export function onExportFailure(listener: ((error: Error) => void) | undefined): void {
  tell = listener;
}
