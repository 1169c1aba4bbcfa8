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

/** Spans by OpenTelemetry's instrumentations: the packages that the library depends on, a test sees to that. */
export const INSTRUMENTATIONS: Record<string, SpanEntry & { name: string }> = {
  http: {
    name: '`GET /api/orders/:id`; a call that goes out by `node:http`: `POST`',
    what: 'a request; health checks and scrapes are left out',
    attributes: [
      'http.request.method',
      'http.route',
      'http.response.status_code',
      'url.path',
      'client.address',
    ],
  },
  express: {
    name: '',
    what: 'gives the span of a request its route; a span for each middleware would say nothing',
    attributes: ['http.route'],
  },
  pg: {
    name: "the statement's: `execute_trade`",
    what: 'one SQL statement, within a trace; waiting for a connection is a metric',
    attributes: ['db.query.text', 'db.postgresql.plan', 'db.namespace'],
  },
  ioredis: {
    name: 'the command: `get`',
    what: 'one Redis command, within a trace, with the form of its key, `session:?`',
    attributes: ['db.operation.name', 'db.query.text'],
  },
  undici: {
    name: '`POST`',
    what: 'a call that goes out by `fetch`: to the card gateway, and on journeys',
    attributes: ['http.request.method', 'url.full', 'http.response.status_code'],
  },
};
