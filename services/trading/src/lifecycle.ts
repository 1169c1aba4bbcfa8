import type { Logger } from '@crows-nest/telemetry';

/** A step of closing: what it closes, for the log, and how. */
export type Closer = [name: string, close: () => Promise<unknown>];

const LIMIT_MS = 28_000;

/**
 * On SIGTERM or SIGINT runs the closers one after another, in the order given, and exits: 0 when all went well, 1 when one
 * failed or when it took longer than 28 s (Compose kills after 30 s). A second signal is ignored.
 */
export function closeOnSignal(logger: Logger, closers: Closer[]): void {
  let closing = false;
  const close = async (signal: string) => {
    if (closing) return;
    closing = true;
    logger.info('Shutting down', { signal });
    setTimeout(() => process.exit(1), LIMIT_MS).unref();
    let failed = false;
    for (const [name, run] of closers) {
      try {
        await run();
      } catch (error) {
        failed = true;
        logger.error('Shutting down: a step failed', { step: name, error });
      }
    }
    process.exit(failed ? 1 : 0);
  };
  process.on('SIGTERM', (signal) => void close(signal));
  process.on('SIGINT', (signal) => void close(signal));
}

/**
 * Runs a role's main function. What goes wrong while starting is written as one line for people (a wrong setting needs
 * no stack), and the process exits 1.
 */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const known = error instanceof Error && error.name === 'ConfigError';
    console.error(known ? error.message : error);
    process.exit(1);
  }
}
