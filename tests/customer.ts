// A customer of the exchange, as the tests need one: over HTTP through the gateway, like everybody else.

import { randomUUID } from 'node:crypto';

import { address } from './stack.ts';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

export interface CallOptions {
  token?: string | undefined;
  headers?: Record<string, string>;
  /** An object is sent as JSON, a string as it is. */
  body?: unknown;
}

/** One request to the API on its published port. */
export async function call(
  method: string,
  path: string,
  { token, headers, body }: CallOptions = {},
): Promise<Reply> {
  const response = await fetch(address('web', 3000) + path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Like {@link call}, but any other status than the expected one throws, and the answer is its JSON. */
export async function demand(
  status: number,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<unknown> {
  const reply = await call(method, path, options);
  if (reply.status !== status) {
    throw new Error(`${method} ${path} answered ${reply.status}, not ${status}: ${reply.text}`);
  }
  return JSON.parse(reply.text);
}

export interface Customer {
  id: string;
  username: string;
  email: string;
  token: string;
}

/** Signs somebody new up, named `test-…` or with another prefix. */
export async function signUp(prefix = 'test'): Promise<Customer> {
  const username = `${prefix}-${randomUUID().slice(0, 8)}`;
  const account = { username, email: `${username}@example.com`, password: 'a long passphrase' };
  const { user, token } = (await demand(201, 'POST', '/auth/register', { body: account })) as {
    user: { id: string };
    token: string;
  };
  return { id: user.id, username, email: account.email, token };
}

export interface Market {
  characters: {
    id: string;
    name: string;
    bid: number;
    ask: number;
    quantity: number;
    halted: boolean;
  }[];
  cash: number;
}

export async function market({ token }: Customer): Promise<Market> {
  return (await demand(200, 'GET', '/api/characters', { token })) as Market;
}

/** The character whose shares cost least of those that are traded in: the starting credit buys many. */
export async function cheapest(customer: Customer): Promise<string> {
  const { characters } = await market(customer);
  const [first] = characters.filter(({ halted }) => !halted).toSorted((a, b) => a.ask - b.ask);
  if (first === undefined) throw new Error('the market lists no character that is traded in');
  return first.id;
}

export interface Order {
  characterId: string;
  quantity: number;
  action: 'buy' | 'sell';
}

export interface Receipt {
  trade: Order & { id: string; price: number; amount: number; commission: number };
  cash: number;
  quantity: number;
}

/** Trades, under a request id by which all that happens can be found. */
export async function trade(
  { token }: Customer,
  order: Order,
  requestId: string = randomUUID(),
): Promise<Receipt> {
  const headers = { 'idempotency-key': randomUUID(), 'x-request-id': requestId };
  return (await demand(201, 'POST', '/api/trade', { token, headers, body: order })) as Receipt;
}
