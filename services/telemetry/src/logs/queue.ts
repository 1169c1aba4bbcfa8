import { setTimeout as delay } from 'node:timers/promises';

/** Somewhere that lines can be written to. */
export interface LineSink {
  /** Writes whole lines; fails when it cannot. Called again only after it has settled. */
  write(lines: Buffer): Promise<void>;
  /** Writes now, when the process is about to exit and nothing asynchronous will happen any more. */
  writeNow(lines: Buffer): void;
  close(): Promise<void>;
}

/** Bytes that may wait for a slow sink; about 30,000 lines. */
const WAITING_LIMIT = 8 * 1024 * 1024;
/** Bytes of one write. */
const WRITE_LIMIT = 256 * 1024;

export interface QueueTimes {
  /** Milliseconds between attempts on a sink that fails; a second by default. */
  pause?: number | undefined;
  /** Milliseconds that lines are gathered for, 50 by default: a write costs as much as writing many lines at once. */
  gather?: number | undefined;
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
  #waiting: string[] = [];
  #waitingBytes = 0;
  #underWay: Buffer | undefined;
  #linesUnderWay = 0;
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
    // Length in UTF-16 units: near enough for a bound, and free.
    const full = this.#waitingBytes + line.length > WAITING_LIMIT;
    if (full || this.#closing.signal.aborted) {
      this.#onDropped(1);
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
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
    const left = this.#waiting.length + this.#linesUnderWay;
    if (left > 0) this.#onDropped(left);
    this.#waiting = [];
    this.#waitingBytes = 0;
    // A sink closes when its write has come to an end, and that one may hang.
    await Promise.race([this.#sink.close(), over]);
    limit.abort();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#wait(this.#waitingBytes < WRITE_LIMIT ? this.#gather : 0, this.#hurry.signal);
      const lines = this.#take();
      this.#underWay = Buffer.from(`${lines.join('\n')}\n`);
      this.#linesUnderWay = lines.length;
      const written = await this.#write(this.#underWay);
      // After closing they are counted already.
      if (!written && !this.#closing.signal.aborted) this.#onDropped(lines.length);
      this.#underWay = undefined;
      this.#linesUnderWay = 0;
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

  #take(): string[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < WRITE_LIMIT) {
      bytes += (this.#waiting[count] as string).length;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Better twice (`event_id` tells) than not at all: the write under way may never come to its end. */
  #writeRest(): void {
    const rest = this.#waiting.map((line) => `${line}\n`).join('');
    try {
      if (this.#underWay !== undefined) this.#sink.writeNow(this.#underWay);
      if (rest !== '') this.#sink.writeNow(Buffer.from(rest));
    } catch {
      // The process ends; there is nobody left to tell.
    }
  }
}
