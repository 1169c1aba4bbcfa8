import { write, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { LineSink } from './queue.ts';

const writeTo = promisify(write);
const STDOUT = 1;

/**
 * Standard output by its descriptor and not by `process.stdout`, whose writes to a pipe are synchronous: whoever reads
 * our output slowly would stop the whole process.
 */
export const standardOutput: LineSink = {
  async write(lines) {
    let written = 0;
    while (written < lines.length) {
      try {
        written += (await writeTo(STDOUT, lines, written)).bytesWritten;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await delay(10);
      }
    }
  },
  writeNow(lines) {
    writeSync(STDOUT, lines);
  },
  close: () => Promise.resolve(),
};
