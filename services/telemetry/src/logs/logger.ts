import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { Counter } from 'prom-client';
import { createLogger, type Logform, type Logger } from 'winston';
import Transport from 'winston-transport';
import { RotatingFile } from './file.ts';
import { lineFormat, type LogOrigin, MESSAGE } from './format.ts';
import { nowAndThen } from './now-and-then.ts';
import { prettyLine } from './pretty.ts';
import { LineQueue } from './queue.ts';
import { standardOutput } from './stdout.ts';
import { createSinks, type SinkOptions } from '../sinks/sinks.ts';

/** Log levels, most important first. */
export const LOG_LEVELS = { error: 0, warn: 1, info: 2, http: 3, debug: 4 } as const;
/** `error`, `warn`, `info`, `http` (requests) or `debug`. */
export type LogLevel = keyof typeof LOG_LEVELS;

/** Bytes of one log file, and how many there are of each. */
export const FILE_SIZE = 5 * 1024 * 1024;
export const FILE_COUNT = 5;

export interface LogOptions extends SinkOptions {
  origin: LogOrigin;
  revision: string;
  level: LogLevel;
  /** Directory for `<service>-<instance>.log`; without it lines go to standard output only. */
  directory: string | undefined;
  lines: Counter<'level'>;
  dropped: Counter<'target'>;
}

/** A logger, what goes past its level, and how to end it. */
export interface Logging {
  logger: Logger;
  /** A finished line with the usual fields, redacted, whatever the level is. */
  lineOf: (level: LogLevel, message: string, fields: object) => Logform.TransformableInfo;
  /** Writes a finished line to the file, and shows it. */
  write: (line: Logform.TransformableInfo) => void;
  /** Writes a finished line to standard output and the sinks, and not to the file. */
  show: (line: Logform.TransformableInfo) => void;
  /** Writes what waits, for at most so many milliseconds. */
  close: (milliseconds: number) => Promise<void>;
}

/**
 * A winston logger that never blocks: JSON on one line to standard output (coloured text on a terminal) and to a rotating
 * file. `logger.level = 'debug'` changes the level at any time.
 */
export function createLogging(options: LogOptions): Logging {
  const { origin, directory } = options;
  const drop = (target: string) => {
    // From 0 on, so that the first loss is a rise.
    options.dropped.inc({ target }, 0);
    return (count: number) => {
      options.dropped.inc({ target }, count);
    };
  };
  const stdout = new LineQueue(standardOutput, drop('stdout'));
  const path = directory && join(directory, `${origin.service}-${origin.instance}.log`);
  const file =
    path === undefined
      ? undefined
      : new LineQueue(new RotatingFile(path, FILE_SIZE, FILE_COUNT), drop('file'), {
          onFailure: nowAndThen(({ message }) => {
            logger.warn('Log lines cannot be written; trying again', { path, reason: message });
          }),
        });
  const sinks = createSinks(options, origin, options.revision, drop, () => logger);
  const terminal = isatty(1);
  const show = (line: Logform.TransformableInfo): void => {
    options.lines.inc({ level: line.level });
    const text = line[MESSAGE] as string;
    stdout.push(terminal ? prettyLine(line) : text);
    for (const sink of sinks) sink.push(line.level, text);
  };
  const write = (line: Logform.TransformableInfo): void => {
    show(line);
    file?.push(line[MESSAGE] as string);
  };
  const logger: Logger = createLogger({
    levels: LOG_LEVELS,
    level: options.level,
    format: lineFormat(origin, (level) => logger.isLevelEnabled(level)),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it is one; winston's types name the class by another path
    transports: new LineTransport(write),
  });
  const anyLevel = lineFormat(origin, () => true);
  return {
    logger,
    lineOf: (level, message, fields) =>
      anyLevel.transform({ ...fields, level, message }) as Logform.TransformableInfo,
    write,
    show,
    async close(milliseconds) {
      const targets = [stdout, ...(file === undefined ? [] : [file]), ...sinks];
      await Promise.all(targets.map((target) => target.close(milliseconds)));
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
