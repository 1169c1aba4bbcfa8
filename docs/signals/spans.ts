/** A span of our own: what it is, and what it can be searched by. */
export interface SpanEntry {
  what: string;
  attributes: string[];
}

/** Every span that the services begin, by name; a test compares names and attributes with the sources. `<queue>` stands for a name. */
export const SPANS: Record<string, SpanEntry> = {
  'auth.hash_password': {
    what: 'hashing a new password, waiting for its turn included',
    attributes: [],
  },
  'auth.verify_password': {
    what: 'comparing a password, waiting for its turn included',
    attributes: [],
  },
  'trade.execute': {
    what: 'a market order, from quote to ledger',
    attributes: [
      'user.id',
      'character.id',
      'trade.action',
      'trade.quantity',
      'request.id',
      'trade.outcome',
      'trade.replayed',
      'trade.id',
    ],
  },
  'order.place': {
    what: 'a limit order is taken on',
    attributes: [
      'user.id',
      'character.id',
      'order.side',
      'order.quantity',
      'order.limit_price',
      'order.outcome',
      'order.id',
      'order.replayed',
    ],
  },
  'order.cancel': { what: 'a customer cancels one', attributes: ['user.id', 'order.id'] },
  'order.match': {
    what: 'the market fills one, or finds that it cannot',
    attributes: ['order.id', 'character.id', 'order.side', 'order.outcome', 'trade.id'],
  },
  'order.expire': {
    what: 'the worker closes one whose time is over',
    attributes: ['order.id', 'user.id'],
  },
  'payment.settle': {
    what: 'what came of a payment is put into the books',
    attributes: [
      'payment.reference',
      'payment.id',
      'user.id',
      'payment.kind',
      'payment.amount',
      'payment.status',
      'payment.settling',
    ],
  },
  '<queue> publish': {
    what: 'a message of the outbox is handed to its queue; what its job does is below it',
    attributes: ['trade.id', 'payment.id', 'order.id', 'user.id', 'lock.id'],
  },
  'notification.send': {
    what: 'a mail to a customer',
    attributes: [
      'trade.id',
      'user.id',
      'character.id',
      'lock.id',
      'messaging.message.id',
      'notification.sent_before',
    ],
  },
  'stream.authenticate': {
    what: 'a stream learns whose it is',
    attributes: ['request.id', 'user.id'],
  },
  'journeys.walk': { what: 'one walk through all journeys: a trace of its own', attributes: [] },
  'journey.step': {
    what: 'one step of it; the requests that it makes are below',
    attributes: ['journey.name', 'journey.step'],
  },
};

/** Who makes a span that no service begins: a file of the library's own, or an instrumentation of OpenTelemetry that it depends on. */
export interface InstrumentationEntry extends SpanEntry {
  by: `src/tracing/${string}.ts` | `@opentelemetry/instrumentation-${string}`;
  name: string;
}

export const INSTRUMENTATIONS: InstrumentationEntry[] = [
  {
    by: 'src/tracing/server.ts',
    name: 'method and route: `GET /api/orders/:id`',
    what: 'a request that came, by `telemetry.http()`; health checks and scrapes are left out',
    attributes: [
      'http.request.method',
      'url.path',
      'request.id',
      'http.response.status_code',
      'http.route',
    ],
  },
  {
    by: 'src/tracing/pg.ts',
    name: "the statement's: `execute_trade`",
    what: 'one SQL statement, within a trace; waiting for a connection is a metric',
    attributes: ['db.system.name', 'db.query.text', 'error.type'],
  },
  {
    by: 'src/tracing/ioredis.ts',
    name: 'the command: `get`',
    what: 'one Redis command, within a trace, with the form of its key, `session:?`',
    attributes: ['db.system.name', 'db.query.text'],
  },
  {
    by: '@opentelemetry/instrumentation-undici',
    name: 'the method: `POST`',
    what: 'a call that goes out by `fetch`: to the card gateway, and on journeys',
    attributes: ['http.request.method', 'url.full', 'http.response.status_code'],
  },
  {
    by: '@opentelemetry/instrumentation-http',
    name: 'the method: `POST`',
    what: 'a call that goes out by `node:http`',
    attributes: ['http.request.method', 'url.full', 'http.response.status_code'],
  },
];
