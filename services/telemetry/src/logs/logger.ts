import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { Counter } from 'prom-client';
import { createLogger, type Logform, type Logger } from 'winston';
import Transport from 'winston-transport';
import { RotatingFile } from './file.ts';
import { lineFormat, type LogOrigin, MESSAGE } from './format.ts';
import { prettyLine } from './pretty.ts';
import { LineQueue } from './queue.ts';
import { standardOutput } from './stdout.ts';

/** Log levels, most important first. */
export const LOG_LEVELS = { error: 0, warn: 1, info: 2, http: 3, debug: 4 } as const;
/** `error`, `warn`, `info`, `http` (requests) or `debug`. */
export type LogLevel = keyof typeof LOG_LEVELS;

const FILE_SIZE = 5 * 1024 * 1024;
const FILE_COUNT = 5;

export interface LogOptions {
  origin: LogOrigin;
  level: LogLevel;
  /** Directory for `<service>-<instance>.log`; without it lines go to standard output only. */
  directory: string | undefined;
  lines: Counter<'level'>;
  dropped: Counter<'target'>;
}

/** A logger, and how to end it. */
export interface Logging {
  logger: Logger;
  /** Writes what waits, for at most so many milliseconds. */
  close: (milliseconds: number) => Promise<void>;
}

/**
 * A winston logger that never blocks: JSON on one line to standard output (coloured text on a terminal) and to a rotating
 * file. `logger.level = 'debug'` changes the level at any time.
 */
export function createLogging(options: LogOptions): Logging {
  const { origin, directory } = options;
  const drop = (target: string) => (count: number) => {
    options.dropped.inc({ target }, count);
  };
  const stdout = new LineQueue(standardOutput, drop('stdout'));
  const file =
    directory === undefined
      ? undefined
      : new LineQueue(
          new RotatingFile(
            join(directory, `${origin.service}-${origin.instance}.log`),
            FILE_SIZE,
            FILE_COUNT,
          ),
          drop('file'),
        );
  const terminal = isatty(1);
  const transport = new LineTransport((line) => {
    options.lines.inc({ level: line.level });
    const text = line[MESSAGE] as string;
    stdout.push(terminal ? prettyLine(line) : text);
    file?.push(text);
  });
  const logger: Logger = createLogger({
    levels: LOG_LEVELS,
    level: options.level,
    format: lineFormat(origin, (level) => logger.isLevelEnabled(level)),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it is one; winston's types name the class by another path
    transports: transport,
  });
  return {
    logger,
    async close(milliseconds) {
      await Promise.all([stdout.close(milliseconds), file?.close(milliseconds)]);
    },
  };
}

/** The end of winston's pipeline: never slow, so that winston never buffers. */
class LineTransport extends Transport {
  readonly #write: (line: Logform.TransformableInfo) => void;

  constructor(write: (line: Logform.TransformableInfo) => void) {
    super();
    this.#write = write;
  }

  override log(line: Logform.TransformableInfo, next: () => void): void {
    this.#write(line);
    next();
  }
}
