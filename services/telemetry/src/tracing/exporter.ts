import { setTimeout as delay } from 'node:timers/promises';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { outsideOfRequests } from '../outside.ts';
import { countExportFailure, losses } from './losses.ts';

export interface RetryLimits {
  /** Milliseconds one attempt may take. */
  attemptTimeout: number;
  /** Milliseconds after which a batch is given up and counted as dropped. */
  giveUpAfter: number;
  /** Milliseconds before the first repetition; doubles up to five seconds. */
  firstDelay: number;
}

const LONGEST_DELAY = 5_000;

/**
 * Makes an exporter safe to lean on. One batch at a time, repeated with growing pauses until the receiver is back, so
 * that a restarted collector costs no span; an attempt that hangs is cut off; what is lost is counted.
 *
 * `create` makes the exporter anew after an attempt that hung: `exporter-jaeger` has no way to abort a request, but
 * shutting it down closes its sockets.
 */
export class RetryingExporter implements SpanExporter {
  readonly #create: () => SpanExporter;
  readonly #limits: RetryLimits;
  readonly #closing = new AbortController();
  #exporter: SpanExporter;
  #last: Promise<void> = Promise.resolve();

  constructor(create: () => SpanExporter, limits: RetryLimits) {
    this.#create = create;
    this.#limits = limits;
    this.#exporter = create();
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    // In sequence: exporter-jaeger keeps one shared buffer, so that two exports at once report each other's outcome.
    this.#last = this.#last.then(() => outsideOfRequests(() => this.#export(spans, done)));
  }

  async forceFlush(): Promise<void> {
    await this.#last;
  }

  /** Gives what is under way one last attempt, without pauses, then closes. */
  async shutdown(): Promise<void> {
    this.#closing.abort();
    await this.#last;
    await this.#exporter.shutdown();
  }

  async #export(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    const error = await this.#send(spans);
    if (error === undefined) {
      done({ code: ExportResultCode.SUCCESS });
    } else {
      losses.spansDropped += spans.length;
      done({ code: ExportResultCode.FAILED, error });
    }
  }

  async #send(spans: ReadableSpan[]): Promise<Error | undefined> {
    const giveUpAt = performance.now() + this.#limits.giveUpAfter;
    for (let pause = this.#limits.firstDelay; ; pause = Math.min(pause * 2, LONGEST_DELAY)) {
      const error = await this.#attempt(spans);
      if (error === undefined) return undefined;
      countExportFailure(error);
      const hopeless = isRefusal(error) || this.#closing.signal.aborted;
      if (hopeless || performance.now() + pause > giveUpAt) return error;
      await delay(pause, undefined, { ref: false, signal: this.#closing.signal }).catch(
        () => undefined,
      );
    }
  }

  #attempt(spans: ReadableSpan[]): Promise<Error | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#exporter.shutdown().catch(() => undefined);
        this.#exporter = this.#create();
        resolve(new Error(`no answer within ${this.#limits.attemptTimeout} ms`));
      }, this.#limits.attemptTimeout);
      this.#exporter.export(spans, ({ code, error }) => {
        clearTimeout(timer);
        resolve(code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('refused')));
      });
    });
  }
}

/**
 * Whether the receiver answered and will not have the batch (or it cannot even be encoded): to send the same again would
 * hold up all others for nothing. The OTLP exporter gives the status as `code`, exporter-jaeger in its message.
 */
function isRefusal(error: Error & { code?: unknown }): boolean {
  if (error.message.includes('Error encoding Thrift')) return true;
  const status = Number(
    error.code ?? /server responded with HTTP (\d{3})/.exec(error.message)?.[1],
  );
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
