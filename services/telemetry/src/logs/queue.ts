import { setTimeout as delay } from 'node:timers/promises';

/** Somewhere that lines can be written to. */
export interface LineSink {
  /** Writes whole lines; fails when it cannot. Called again only after it has settled, when the buffer is used for others. */
  write(lines: Buffer): Promise<void>;
  /** Writes now, when the process is about to exit and nothing asynchronous will happen any more. */
  writeNow(lines: Buffer): void;
  close(): Promise<void>;
}

/** Bytes that may wait for a slow sink; about 30,000 lines. */
const WAITING_LIMIT = 8 * 1024 * 1024;
/** Bytes of one write, unless a single line is longer. */
const BATCH_SIZE = 256 * 1024;
const LINE_END = 0x0a;

export interface QueueTimes {
  /** Milliseconds between attempts on a sink that fails; a second by default. */
  pause?: number | undefined;
  /** Milliseconds that lines are gathered for, 50 by default: a write costs as much as writing many lines at once. */
  gather?: number | undefined;
}

/**
 * Lines one after the other, as they will be written. Outside of V8's heap: however many wait, its garbage collector meets none,
 * and no request waits for it.
 */
class Batch {
  readonly #space: Buffer;
  #bytes = 0;
  #lines = 0;

  constructor(size: number) {
    this.#space = Buffer.allocUnsafeSlow(size);
  }

  get lines(): number {
    return this.#lines;
  }

  get bytes(): Buffer {
    return this.#space.subarray(0, this.#bytes);
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#space.length;
  }

  add(line: string): void {
    this.#bytes += this.#space.write(line, this.#bytes);
    this.#space[this.#bytes] = LINE_END;
    this.#bytes += 1;
    this.#lines += 1;
  }

  /** @returns itself, without lines */
  emptied(): this {
    this.#bytes = 0;
    this.#lines = 0;
    return this;
  }
}

/**
 * Lines on their way to a sink. `push` never waits and never fails: one write is under way at a time, off the main thread,
 * and the lines that come meanwhile wait in memory, up to a limit. Beyond it new lines are dropped and counted.
 */
export class LineQueue {
  readonly #sink: LineSink;
  readonly #onDropped: (lines: number) => void;
  readonly #pause: number;
  readonly #gather: number;
  #waiting: Batch[] = [];
  #waitingBytes = 0;
  #underWay: Batch | undefined;
  /** The one that was written last, to be filled again. */
  #spare: Batch | undefined;
  #draining: Promise<void> | undefined;
  /** No more waiting for further lines: the queue is to be emptied. */
  readonly #hurry = new AbortController();
  readonly #closing = new AbortController();
  readonly #onExit = (): void => {
    this.#writeRest();
  };

  constructor(sink: LineSink, onDropped: (lines: number) => void, times: QueueTimes = {}) {
    this.#sink = sink;
    this.#pause = times.pause ?? 1_000;
    this.#gather = times.gather ?? 50;
    this.#onDropped = onDropped;
    process.once('exit', this.#onExit);
  }

  /** Takes one line without its line end. */
  push(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    const full = this.#waitingBytes + bytes > WAITING_LIMIT;
    if (full || this.#closing.signal.aborted) {
      this.#onDropped(1);
      return;
    }
    this.#batchFor(bytes).add(line);
    this.#waitingBytes += bytes;
    this.#draining ??= this.#drain();
  }

  /** Writes what waits, for at most `milliseconds`; what is left then is dropped and counted. */
  async close(milliseconds: number): Promise<void> {
    this.#hurry.abort();
    const limit = new AbortController();
    const over = delay(milliseconds, undefined, { ref: false, signal: limit.signal }).catch(
      () => undefined,
    );
    await Promise.race([this.#draining, over]);
    this.#closing.abort();
    process.removeListener('exit', this.#onExit);
    let left = this.#underWay?.lines ?? 0;
    for (const { lines } of this.#waiting) left += lines;
    if (left > 0) this.#onDropped(left);
    this.#waiting = [];
    this.#waitingBytes = 0;
    // A sink closes when its write has come to an end, and that one may hang.
    await Promise.race([this.#sink.close(), over]);
    limit.abort();
  }

  #batchFor(bytes: number): Batch {
    const last = this.#waiting.at(-1);
    if (last?.hasRoomFor(bytes)) return last;
    const next = this.#spare?.hasRoomFor(bytes)
      ? this.#spare
      : new Batch(Math.max(bytes, BATCH_SIZE));
    if (next === this.#spare) this.#spare = undefined;
    this.#waiting.push(next);
    return next;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A batch that another follows is full.
      await this.#wait(this.#waiting.length === 1 ? this.#gather : 0, this.#hurry.signal);
      const batch = this.#waiting.shift();
      if (batch === undefined) break;
      this.#waitingBytes -= batch.bytes.length;
      this.#underWay = batch;
      const written = await this.#write(batch.bytes);
      // After closing they are counted already.
      if (!written && !this.#closing.signal.aborted) this.#onDropped(batch.lines);
      this.#underWay = undefined;
      this.#spare = batch.emptied();
    }
    this.#draining = undefined;
  }

  /** Tries until it works; gives up only when the queue is full behind it or closing. */
  async #write(lines: Buffer): Promise<boolean> {
    for (;;) {
      try {
        await this.#sink.write(lines);
        return true;
      } catch {
        if (this.#waitingBytes > WAITING_LIMIT / 2 || this.#closing.signal.aborted) return false;
        await this.#wait(this.#pause, this.#closing.signal);
      }
    }
  }

  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    await delay(milliseconds, undefined, { ref: false, signal }).catch(() => undefined);
  }

  /** Better twice (`event_id` tells) than not at all: the write under way may never come to its end. */
  #writeRest(): void {
    const rest = this.#underWay === undefined ? this.#waiting : [this.#underWay, ...this.#waiting];
    try {
      for (const { bytes } of rest) this.#sink.writeNow(bytes);
    } catch {
      // The process ends; there is nobody left to tell.
    }
  }
}
