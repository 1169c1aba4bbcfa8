import type { Logger } from 'winston';
import type { LogOrigin } from '../logs/format.ts';
import { nowAndThen } from '../logs/now-and-then.ts';
import { LineQueue } from '../logs/queue.ts';
import { sendToCloudWatch } from './cloudwatch.ts';
import { remoteSink, type Send } from './remote.ts';
import { sendToSentry } from './sentry.ts';

/** Where log lines go besides standard output and the file; nowhere when undefined. */
export interface SinkOptions {
  /** Sentry's address and key for a project: lines of level `error` go there. */
  sentryDsn: string | undefined;
  /** A CloudWatch log group: all lines go there, those of the audit stream too. */
  cloudwatchLogGroup: string | undefined;
}

/** Milliseconds in which lines gather before they are sent, so that not each of them costs a request. */
const GATHER_MS = 1_000;

/** A queue of lines for somewhere else. */
export interface SinkQueue {
  push: (level: string, line: string) => void;
  close: (milliseconds: number) => Promise<void>;
}

/** The queues for what is configured, which is nothing by default. `logger` is only asked for when something fails. */
export function createSinks(
  { sentryDsn, cloudwatchLogGroup }: SinkOptions,
  origin: LogOrigin,
  revision: string,
  drop: (target: string) => (lines: number) => void,
  logger: () => Logger,
): SinkQueue[] {
  const queue = (target: string, send: Send, gather?: number): LineQueue => {
    const warn = nowAndThen(({ message }: Error) => {
      logger().warn(`Log lines cannot be sent to ${target}; trying again`, { reason: message });
    });
    return new LineQueue(remoteSink(send), drop(target), { gather, onFailure: warn });
  };
  const sinks: SinkQueue[] = [];
  if (sentryDsn !== undefined) {
    const send = sendToSentry(sentryDsn, origin, revision, drop('sentry'));
    const errors = queue('sentry', send);
    sinks.push({
      push: (level, line) => {
        if (level === 'error') errors.push(line);
      },
      close: (milliseconds) => errors.close(milliseconds),
    });
  }
  if (cloudwatchLogGroup !== undefined) {
    const stream = `${origin.service}-${origin.instance}`;
    const send = sendToCloudWatch(cloudwatchLogGroup, stream, drop('cloudwatch'));
    const all = queue('cloudwatch', send, GATHER_MS);
    sinks.push({
      push: (_level, line) => {
        all.push(line);
      },
      close: (milliseconds) => all.close(milliseconds),
    });
  }
  return sinks;
}
