import { setTimeout as delay } from 'node:timers/promises';

/** Somewhere that lines can be written to. */
export interface LineSink {
  /** Writes whole lines; fails when it cannot. Called again only after it has settled, when the buffer is used for others. */
  write(lines: Buffer): Promise<void>;
  /** Writes now, when the process is about to exit and nothing asynchronous will happen any more. */
  writeNow(lines: Buffer): void;
  close(): Promise<void>;
}

/** Bytes of memory for what waits for a slow sink: about 20,000 lines. */
const WAITING_LIMIT = 8 * 1024 * 1024;
/** Bytes of one write, unless a single line is longer. */
const BATCH_SIZE = 256 * 1024;
const LINE_END = 0x0a;

export interface QueueOptions {
  /** Milliseconds between attempts on a sink that fails; a second by default. */
  pause?: number | undefined;
  /** Milliseconds that lines are gathered for, 50 by default: a write costs as much as writing many lines at once. */
  gather?: number | undefined;
  /** Told of each failed attempt. */
  onFailure?: ((error: Error) => void) | undefined;
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

  /** Bytes it takes, however few of them are lines. */
  get size(): number {
    return this.#space.length;
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
  readonly #onFailure: ((error: Error) => void) | undefined;
  #waiting: Batch[] = [];
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

  constructor(sink: LineSink, onDropped: (lines: number) => void, options: QueueOptions = {}) {
    this.#sink = sink;
    this.#pause = options.pause ?? 1_000;
    this.#gather = options.gather ?? 50;
    this.#onFailure = options.onFailure;
    this.#onDropped = onDropped;
    process.once('exit', this.#onExit);
  }

  /** Takes one line without its line end. */
  push(line: string): void {
    const closed = this.#closing.signal.aborted;
    const batch = closed ? undefined : this.#batchFor(Buffer.byteLength(line) + 1);
    if (batch === undefined) {
      this.#onDropped(1);
      return;
    }
    batch.add(line);
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
    // A sink closes when its write has come to an end, and that one may hang.
    await Promise.race([this.#sink.close(), over]);
    limit.abort();
  }

  /** One that waits and has room for a line of so many bytes; none where as much waits as may. */
  #batchFor(bytes: number): Batch | undefined {
    const last = this.#waiting.at(-1);
    if (last?.hasRoomFor(bytes)) return last;
    const size = Math.max(bytes, BATCH_SIZE);
    let waiting = 0;
    for (const batch of this.#waiting) waiting += batch.size;
    if (waiting + size > WAITING_LIMIT) return undefined;
    const next = this.#spare?.hasRoomFor(bytes) ? this.#spare : new Batch(size);
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
      this.#underWay = batch;
      await this.#write(batch.bytes);
      this.#underWay = undefined;
      if (batch.size === BATCH_SIZE) this.#spare = batch.emptied();
    }
    this.#draining = undefined;
  }

  /** Tries until it works; gives up only when closing, where what is left has been counted. */
  async #write(lines: Buffer): Promise<void> {
    for (;;) {
      try {
        await this.#sink.write(lines);
        return;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        this.#onFailure?.(error as Error);
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
