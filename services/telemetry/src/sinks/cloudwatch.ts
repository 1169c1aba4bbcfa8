import type { CloudWatchLogsClient, InputLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { REQUEST_LIMIT_MS, type Send } from './remote.ts';

/** What PutLogEvents takes at a time: bytes (with 26 for each event), events, and the time between first and last. */
const BATCH_BYTES = 1_048_576;
const EVENT_BYTES = 26;
const BATCH_EVENTS = 10_000;
const BATCH_SPAN_MS = 24 * 3_600_000;

/** How often the SDK tries a request that was throttled or not answered, before the queue waits and tries again. */
const ATTEMPTS = 3;

/**
 * Sends log lines to a stream of a CloudWatch log group. The stream is created when it is missing, the group is not: who
 * may read it and how long it keeps what is its owner's business. Region, credentials and endpoint come from AWS's own
 * variables. `onDropped` is told of lines that CloudWatch does not take: longer than a megabyte, or too old.
 */
export function sendToCloudWatch(
  logGroupName: string,
  stream: string,
  onDropped: (lines: number) => void,
): Send {
  // The two characters that a stream's name may not have.
  const logStreamName = stream.replaceAll(/[:*]/g, '-');
  let client: CloudWatchLogsClient | undefined;

  return async (lines, abortSignal) => {
    // Loaded only here, so that nobody pays for it who does not use it.
    const { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } =
      await import('@aws-sdk/client-cloudwatch-logs');
    client ??= new CloudWatchLogsClient({
      maxAttempts: ATTEMPTS,
      requestHandler: {
        connectionTimeout: REQUEST_LIMIT_MS,
        requestTimeout: REQUEST_LIMIT_MS,
        throwOnRequestTimeout: true,
      },
    });
    const to = client;
    const put = async (logEvents: InputLogEvent[]): Promise<void> => {
      const command = new PutLogEventsCommand({ logGroupName, logStreamName, logEvents });
      const { rejectedLogEventsInfo: rejected } = await to.send(command, { abortSignal });
      if (rejected === undefined) return;
      const tooOld = Math.max(
        rejected.tooOldLogEventEndIndex ?? 0,
        rejected.expiredLogEventEndIndex ?? 0,
      );
      onDropped(
        tooOld + logEvents.length - (rejected.tooNewLogEventStartIndex ?? logEvents.length),
      );
    };

    const { batches, tooLong } = inBatches(lines);
    for (const batch of batches) {
      try {
        await put(batch);
      } catch (error) {
        if ((error as Error).name !== 'ResourceNotFoundException') throw error;
        await to.send(new CreateLogStreamCommand({ logGroupName, logStreamName }), { abortSignal });
        await put(batch);
      }
    }
    if (tooLong > 0) onDropped(tooLong);
  };
}

/** Lines as events in the order of their time, in as few batches as PutLogEvents takes. */
export function inBatches(lines: string[]): { batches: InputLogEvent[][]; tooLong: number } {
  const events = lines.map((message) => ({
    message,
    timestamp: timeOf(message),
    bytes: Buffer.byteLength(message) + EVENT_BYTES,
  }));
  const fitting = events.filter(({ bytes }) => bytes <= BATCH_BYTES);
  const batches: InputLogEvent[][] = [];
  let batch: InputLogEvent[] = [];
  let room = 0;
  let first = 0;
  for (const { message, timestamp, bytes } of fitting.sort((a, b) => a.timestamp - b.timestamp)) {
    const full = bytes > room || batch.length === BATCH_EVENTS;
    if (full || timestamp - first >= BATCH_SPAN_MS) {
      batch = [];
      batches.push(batch);
      room = BATCH_BYTES;
      first = timestamp;
    }
    batch.push({ message, timestamp });
    room -= bytes;
  }
  return { batches, tooLong: events.length - fitting.length };
}

function timeOf(line: string): number {
  const { timestamp } = JSON.parse(line) as { timestamp: string };
  return Date.parse(timestamp);
}
