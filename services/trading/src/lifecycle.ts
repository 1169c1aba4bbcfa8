import type { Logger, LogLevel, Telemetry } from '@crows-nest/telemetry';

/** What has been opened and is to be closed, in reverse. */
export interface Closing {
  /** Notes how to close something that was just opened. */
  defer(name: string, close: () => Promise<unknown>): void;
  /** Closes everything, the newest first, also when a step fails. @returns whether all went well */
  closeAll(): Promise<boolean>;
}

export function createClosing(logger: Logger): Closing {
  const steps: { name: string; close: () => Promise<unknown> }[] = [];
  return {
    defer(name, close) {
      steps.push({ name, close });
    },
    async closeAll() {
      let well = true;
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.close();
        } catch (error) {
          well = false;
          logger.error('Shutting down: a step failed', { step: step.name, error });
        }
      }
      return well;
    },
  };
}

const LIMIT_MS = 28_000;

/**
 * On SIGTERM or SIGINT closes everything and exits: 0 when all went well, 1 when a step failed; killed when it takes longer
 * than 28 s (Compose kills after 30 s). To be called before anything is waited for: as a container's first process, Node
 * would otherwise ignore the signal. A second signal changes nothing.
 */
export function closeOnSignal(closing: Closing, logger: Logger): void {
  let signalled = false;
  const close = async (signal: string) => {
    if (signalled) return;
    signalled = true;
    logger.info('Shutting down', { signal });
    // Killed, because an exit waits for a write that hangs.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LIMIT_MS).unref();
    process.exit((await closing.closeAll()) ? 0 : 1);
  };
  process.on('SIGTERM', (signal) => void close(signal));
  process.on('SIGINT', (signal) => void close(signal));
}

/**
 * On SIGUSR2 switches between the configured log level and `debug`, without a restart. A signal needs no open port and no secret;
 * whoever may send one could also stop the process. `docker compose exec api sh -c 'kill -USR2 1'` sends it; not `docker compose
 * kill`, after which Docker takes a container for stopped by hand and does not restart it (github.com/moby/moby/issues/41302).
 */
export function debugOnSignal(
  { logger, audit }: Pick<Telemetry, 'logger' | 'audit'>,
  configured: LogLevel,
): void {
  process.on('SIGUSR2', (signal) => {
    const level = logger.level === 'debug' ? configured : 'debug';
    // At a level that shows it, whichever is left for whichever.
    logger.level = 'debug';
    logger.info('Log level changed', { signal, logLevel: level });
    logger.level = level;
    audit({ action: 'log.level', outcome: 'success', target: level, reason: signal });
  });
}

/**
 * Runs a role's main function. What goes wrong while starting is written out for people (a wrong setting needs no stack),
 * and the process exits 1.
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
