import type { Logger } from 'winston';

/**
 * Node ends a process on an uncaught exception at once, and nothing could be sent of it. This logs it, closes telemetry,
 * and then ends the process with code 1. @returns what takes it back
 */
export function endOnUncaught(logger: Logger, close: () => Promise<void>): () => void {
  const end = (error: unknown): void => {
    logger.error('Uncaught exception', { error });
    void close().finally(() => process.exit(1));
  };
  // Once: another one meanwhile ends the process as ever.
  process.once('uncaughtException', end);
  return () => process.removeListener('uncaughtException', end);
}
