import { openSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LineSink } from './queue.ts';

const LINE_END = 0x0a;

/**
 * A file of at most `sizeLimit` bytes, and `count` of them: when it is full it becomes `<path>.1`, that one `.2`, and the
 * oldest goes. Renamed, not copied, so that a reader that follows the file (the collector) loses nothing.
 */
export class RotatingFile implements LineSink {
  readonly #path: string;
  readonly #sizeLimit: number;
  readonly #count: number;
  #file: FileHandle | undefined;
  #size = 0;
  /** A write broke off in the middle of a line, ours or that of a process that was killed: the next one must begin on a line of its own. */
  #torn = false;

  constructor(path: string, sizeLimit: number, count: number) {
    this.#path = path;
    this.#sizeLimit = sizeLimit;
    this.#count = count;
  }

  async write(lines: Buffer): Promise<void> {
    // Somebody may have cleaned the file away; lines written to it then would be nobody's.
    if (this.#file !== undefined && (await this.#file.stat()).nlink === 0) await this.close();
    if (this.#file !== undefined && this.#size > 0 && this.#size + lines.length > this.#sizeLimit) {
      await this.#rotate();
    }
    this.#file ??= await this.#open();
    try {
      await this.#append(this.#file, this.#onItsOwnLine(lines));
      this.#torn = false;
    } catch (error) {
      // Opened anew next time: the volume may have been taken away and given back.
      await this.close();
      throw error;
    }
  }

  writeNow(lines: Buffer): void {
    // Lines gather for a moment before the file is opened.
    const file = this.#file?.fd ?? openSync(this.#path, 'a');
    writeSync(file, this.#onItsOwnLine(lines));
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  #onItsOwnLine(lines: Buffer): Buffer {
    return this.#torn ? Buffer.concat([Buffer.of(LINE_END), lines]) : lines;
  }

  async #append(file: FileHandle, lines: Buffer): Promise<void> {
    let written = 0;
    while (written < lines.length) {
      const { bytesWritten } = await file.write(lines, written);
      written += bytesWritten;
      this.#size += bytesWritten;
      this.#torn = written > 0 && lines[written - 1] !== LINE_END;
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    const file = await open(this.#path, 'a+');
    this.#size = (await file.stat()).size;
    if (this.#size > 0) {
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, this.#size - 1);
      this.#torn = buffer[0] !== LINE_END;
    }
    return file;
  }

  async #rotate(): Promise<void> {
    await this.close();
    // The last one falls out by being written over, so that at no moment a file is missing in the middle of the row for good.
    for (let number = this.#count - 2; number >= 0; number -= 1) {
      const from = number === 0 ? this.#path : `${this.#path}.${number}`;
      await rename(from, `${this.#path}.${number + 1}`).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
  }
}
