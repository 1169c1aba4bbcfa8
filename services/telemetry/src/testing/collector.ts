import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';

/** A span as Jaeger's Thrift model has it; ids in hexadecimal, an absent parent is all zeros. */
export interface ReceivedSpan {
  service: string;
  process: Record<string, unknown>;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  tags: Record<string, unknown>;
  /** Its events. */
  logs: Record<string, unknown>[];
}

/** A receiver of traces on a free port, standing in for the collector. */
export interface Collector extends AsyncDisposable {
  url: string;
  /** Requests that came, oldest first. */
  requests: { path: string; contentType: string; body: Buffer }[];
  /** Spans of all Thrift requests that were answered well. */
  spans: ReceivedSpan[];
  /** What to answer; `hang` is no answer at all. */
  answer: number | 'hang';
}

interface Tag {
  key: string;
  vType: string;
  vStr: string;
  vDouble: number;
  vBool: boolean;
}
interface Batch {
  process: { serviceName: string; tags: Tag[] };
  spans: {
    operationName: string;
    traceIdHigh: Buffer;
    traceIdLow: Buffer;
    spanId: Buffer;
    parentSpanId: Buffer;
    tags: Tag[];
    logs: { fields: Tag[] }[] | null;
  }[];
}
interface BatchReader {
  rw: { readFrom: (buffer: Buffer, offset: number) => { err: Error | null; value: Batch } };
}

// Neither package has types; decoded by the definition that exporter-jaeger's sender encodes with.
const require = createRequire(import.meta.url);
const { Thrift } = require('thriftrw') as {
  Thrift: new (options: object) => { Batch: BatchReader };
};
const { default: utilities } = require('jaeger-client/dist/src/thrift.js') as {
  default: { loadJaegerThriftDefinition: () => string };
};
const thrift = new Thrift({
  source: utilities.loadJaegerThriftDefinition(),
  allowOptionalArguments: true,
});

export async function startCollector(): Promise<Collector> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const contentType = request.headers['content-type'] ?? '';
      collector.requests.push({ path: request.url ?? '', contentType, body });
      if (collector.answer === 'hang') return;
      if (collector.answer < 300 && contentType === 'application/x-thrift') {
        collector.spans.push(...decode(body));
      }
      response.writeHead(collector.answer).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    spans: [],
    answer: 202,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat((await request.toArray()) as Buffer[]);
}

function decode(body: Buffer): ReceivedSpan[] {
  const { err, value } = thrift.Batch.rw.readFrom(body, 0);
  if (err !== null) throw err;
  return value.spans.map((span) => ({
    service: value.process.serviceName,
    process: values(value.process.tags),
    name: span.operationName,
    traceId: span.traceIdHigh.toString('hex') + span.traceIdLow.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: span.parentSpanId.toString('hex'),
    tags: values(span.tags),
    logs: (span.logs ?? []).map(({ fields }) => values(fields)),
  }));
}

function values(tags: Tag[]): Record<string, unknown> {
  return Object.fromEntries(
    tags.map(({ key, vType, vStr, vDouble, vBool }) => [
      key,
      { STRING: vStr, DOUBLE: vDouble, BOOL: vBool }[vType],
    ]),
  );
}
