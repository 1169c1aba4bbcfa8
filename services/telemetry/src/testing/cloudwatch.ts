import { startStandIn } from './server.ts';

export interface LogEvent {
  timestamp: number;
  message: string;
}

/** A receiver of log events, standing in for CloudWatch Logs. It holds PutLogEvents to its limits. */
export interface CloudWatchStandIn extends AsyncDisposable {
  url: string;
  /** Names of the operations that were asked for, oldest first. */
  operations: string[];
  /** Log groups, and the streams in them with the batches that were taken. */
  groups: Map<string, Map<string, LogEvent[][]>>;
  /** The error to answer with instead; `hang` is no answer at all. */
  failing: { status: number; name: string } | 'hang' | undefined;
  /** What else an accepted PutLogEvents answers. */
  answer: object;
}

interface Request {
  logGroupName: string;
  logStreamName: string;
  logEvents: LogEvent[];
}

export async function startCloudWatch(...groups: string[]): Promise<CloudWatchStandIn> {
  const server = await startStandIn((request, body, response) => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    cloudwatch.operations.push(operation);
    if (cloudwatch.failing === 'hang') return;
    const { status, name, ...answer } = cloudwatch.failing ?? {
      ...perform(cloudwatch, operation, JSON.parse(body.toString()) as Request),
    };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(name === undefined ? answer : { __type: name, message: name }));
  });
  const cloudwatch: CloudWatchStandIn = {
    url: server.url,
    operations: [],
    groups: new Map(groups.map((group) => [group, new Map<string, LogEvent[][]>()])),
    failing: undefined,
    answer: {},
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return cloudwatch;
}

function perform(
  { groups, answer }: CloudWatchStandIn,
  operation: string,
  { logGroupName, logStreamName, logEvents }: Request,
): { status: number; name?: string } {
  const streams = groups.get(logGroupName);
  const batches = streams?.get(logStreamName);
  if (operation === 'CreateLogStream' && streams !== undefined) {
    if (batches !== undefined) return { status: 400, name: 'ResourceAlreadyExistsException' };
    streams.set(logStreamName, []);
    return { status: 200 };
  }
  if (batches === undefined) return { status: 400, name: 'ResourceNotFoundException' };
  if (!isAcceptable(logEvents)) return { status: 400, name: 'InvalidParameterException' };
  batches.push(logEvents);
  return { status: 200, ...answer };
}

function isAcceptable(events: LogEvent[]): boolean {
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);
  const times = events.map(({ timestamp }) => timestamp);
  return (
    events.length >= 1 &&
    events.length <= 10_000 &&
    bytes <= 1_048_576 &&
    times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)) &&
    (times.at(-1) ?? 0) - (times[0] ?? 0) < 24 * 3_600_000
  );
}
