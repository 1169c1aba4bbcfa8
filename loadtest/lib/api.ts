// The trading API as k6 calls it: one function a route, each answering with k6's response, so that the script that calls it
// decides what is right and what is wrong. Money is in cents, shares are whole.

import http, { type RefinedResponse } from 'k6/http';
import { clearTimeout, setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';

export type Answer = RefinedResponse<'text'>;

export interface Character {
  id: string;
  name: string;
  /** Both null until the market has opened for the first time. */
  bid: number | null;
  ask: number | null;
  /** Shares the caller owns. */
  quantity: number;
  /** What these bring at the bid, in cents. */
  value: number;
}

export interface Market {
  characters: Character[];
  portfolioValue: number;
  cash: number;
}

export interface Portfolio {
  cash: number;
  holdings: {
    characterId: string;
    name: string;
    quantity: number;
    bid: number | null;
    value: number;
  }[];
  portfolioValue: number;
}

export interface Order {
  characterId: string;
  quantity: number;
  action: 'buy' | 'sell';
}

export interface Receipt {
  trade: Order & {
    id: string;
    price: number;
    amount: number;
    commission: number;
    executedAt: string;
  };
  cash: number;
  quantity: number;
}

export interface Payment {
  id: string;
  kind: 'deposit' | 'withdrawal' | 'subscription';
  amount: number;
  /** The card's token: services/outside/README.md tells what each card does. */
  card: string;
  status: 'pending' | 'succeeded' | 'failed';
  reason: string | null;
}

export interface Subscription {
  status: 'pending' | 'active' | 'past_due' | 'cancelled' | 'ended';
  card: string;
  price: number;
}

export interface Account {
  username: string;
  email: string;
  password: string;
}

export interface Session {
  user: { id: string; username: string; email: string; realtime: boolean };
  token: string;
}

interface CallOptions {
  token?: string | undefined;
  headers?: Record<string, string>;
  /** An object is sent as JSON; a string as it is. */
  body?: object | string;
  /** Statuses that count as success in k6's `http_req_failed`. Default: any 2xx. */
  expected?: number[];
  /** Value of the metric tag `kind`, by which thresholds tell reads from trades. */
  kind?: 'read' | 'trade' | 'auth' | 'other';
}

const baseUrl = __ENV['BASE_URL'] ?? 'http://localhost:3000';

/** Sends one request. A connection that fails answers with status 0; nothing is thrown. */
export function call(method: string, path: string, options: CallOptions = {}): Answer {
  const { token, headers, body, expected, kind = 'other' } = options;
  const payload = typeof body === 'object' ? JSON.stringify(body) : body;
  return http.request(method, baseUrl + path, payload ?? null, {
    headers: {
      ...(payload === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    responseCallback: http.expectedStatuses(...(expected ?? [{ min: 200, max: 299 }])),
    responseType: 'text',
    tags: { kind },
    timeout: '10s',
  });
}

/** The body of an answer as JSON. Only for answers that are known to be what `T` says. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the shape
export function bodyOf<T>(answer: Answer): T {
  return JSON.parse(answer.body) as T;
}

export function register(account: Account, expected?: number[]): Answer {
  return call('POST', '/auth/register', {
    body: account,
    kind: 'auth',
    ...(expected && { expected }),
  });
}

export function login(username: string, password: string, expected?: number[]): Answer {
  return call('POST', '/auth/login', {
    body: { username, password },
    kind: 'auth',
    ...(expected && { expected }),
  });
}

export function logout(token: string): Answer {
  return call('POST', '/auth/logout', { token, kind: 'auth' });
}

/** Every character with its quote and what the caller owns of it: {@link Market}. */
export function market(token: string): Answer {
  return call('GET', '/api/characters', { token, kind: 'read' });
}

/** Cash and holdings: {@link Portfolio}. */
export function portfolio(token: string): Answer {
  return call('GET', '/api/portfolio', { token, kind: 'read' });
}

/**
 * Buys or sells at the current quote: {@link Receipt}. The key makes the order safe to send again after a broken connection:
 * the exchange carries it out once. Leave it out for a new order.
 */
export function trade(
  token: string,
  order: Order,
  options: { key?: string; expected?: number[] } = {},
): Answer {
  const { key = crypto.randomUUID(), expected } = options;
  return call('POST', '/api/trade', {
    token,
    body: order,
    headers: { 'Idempotency-Key': key },
    kind: 'trade',
    ...(expected && { expected }),
  });
}

export interface LimitOrder {
  characterId: string;
  side: 'buy' | 'sell';
  quantity: number;
  /** Cents a share: the most that a purchase may cost, the least that a sale must bring. */
  limitPrice: number;
  /** ISO 8601. */
  expiresAt?: string;
}

/** Places an order that waits until the quote reaches its limit. */
export function placeOrder(token: string, order: LimitOrder, expected?: number[]): Answer {
  return call('POST', '/api/orders', {
    token,
    body: order,
    headers: { 'Idempotency-Key': crypto.randomUUID() },
    kind: 'trade',
    ...(expected && { expected }),
  });
}

/** The caller's open orders, newest first: `{ orders: { id }[], next }`. */
export function openOrders(token: string): Answer {
  return call('GET', '/api/orders?status=open', { token, kind: 'read' });
}

/** Cancels an order; 409 when it was filled or has expired meanwhile. */
export function cancelOrder(token: string, id: string): Answer {
  return call('DELETE', `/api/orders/${id}`, { token, expected: [200, 409], kind: 'trade' });
}

/** The house's note on a character; 403 for one that is for subscribers only. */
export function research(token: string, characterId: string): Answer {
  const expected = [200, 403];
  return call('GET', `/api/characters/${characterId}/research`, { token, expected, kind: 'read' });
}

/** How prices were: candles of hours. */
export function history(token: string, characterId: string): Answer {
  return call('GET', `/api/characters/${characterId}/history?interval=1h`, { token, kind: 'read' });
}

/**
 * Watches the quotes of all characters for so many seconds, beginning with the attempt to connect.
 * @throws where the stream cannot be opened, or ends before
 */
export function watchQuotes(token: string, seconds: number): Promise<void> {
  const socket = new WebSocket(`${baseUrl.replace(/^http/, 'ws')}/api/stream`);
  const say = (message: object) => {
    socket.send(JSON.stringify(message));
  };
  return new Promise((resolve, reject) => {
    let watched = false;
    const end = setTimeout(() => {
      watched = true;
      socket.close();
    }, seconds * 1000);
    socket.onopen = () => {
      say({ type: 'authenticate', token });
      say({ type: 'subscribe', characters: 'all' });
    };
    socket.onerror = (event) => {
      reject(new Error(`the stream failed: ${event?.error ?? 'k6 does not say why'}`));
    };
    socket.onclose = () => {
      clearTimeout(end);
      if (watched) resolve();
      else reject(new Error('the stream was ended by the other side'));
    };
  });
}

/** Says how satisfied one is: 1 to 5. */
export function rate(token: string, rating: number): Answer {
  return call('POST', '/api/feedback', { token, body: { rating } });
}

interface PaymentOptions {
  key?: string;
  expected?: number[];
}

/** Takes money from a card: 202 with the pending {@link Payment}; what comes of it is in {@link payments}. */
export function deposit(
  token: string,
  amount: number,
  card: string,
  options?: PaymentOptions,
): Answer {
  return pay('/api/payments/deposits', token, { amount, card }, options);
}

/** Pays money out to a card; otherwise as {@link deposit}. */
export function withdraw(
  token: string,
  amount: number,
  card: string,
  options?: PaymentOptions,
): Answer {
  return pay('/api/payments/withdrawals', token, { amount, card }, options);
}

/** The caller's payments, newest first: `{ payments: Payment[], next }`. */
export function payments(token: string): Answer {
  return call('GET', '/api/payments', { token, kind: 'read' });
}

/** Has quotes in real time charged to a card: `{ subscription: Subscription }`. */
export function subscribe(token: string, card: string, options?: PaymentOptions): Answer {
  return pay('/api/subscription', token, { card }, options);
}

/** Lets the subscription run out: `{ subscription: Subscription }`. */
export function unsubscribe(token: string, expected?: number[]): Answer {
  return call('DELETE', '/api/subscription', { token, ...(expected && { expected }) });
}

function pay(
  path: string,
  token: string,
  body: object,
  { key = crypto.randomUUID(), expected }: PaymentOptions = {},
): Answer {
  return call('POST', path, {
    token,
    body,
    headers: { 'Idempotency-Key': key },
    ...(expected && { expected }),
  });
}
