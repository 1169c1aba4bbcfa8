// Does everything work? One customer walks through every part of the API, does what customers do and what they should not, and
// reckons along: `make smoke`, or `k6 run loadtest/smoke.ts`. Takes seconds; run it after every change and every deployment.
// Any broken promise is printed with what came instead, and ends k6 with an exit code other than 0.

import { check, group, sleep } from 'k6';
import { test } from 'k6/execution';
import type { Options } from 'k6/options';

import {
  type Account,
  type Answer,
  type Character,
  type Market,
  type Order,
  type Payment,
  type Portfolio,
  type Receipt,
  type Session,
  bodyOf,
  call,
  cancelOrder,
  deposit,
  history,
  login,
  logout,
  market,
  openOrders,
  payments,
  placeOrder,
  portfolio,
  rate,
  register,
  research,
  subscribe,
  trade,
  unsubscribe,
  withdraw,
} from './lib/api.ts';

export const options: Options = {
  vus: 1,
  iterations: 1,
  // One wrong answer is one too many.
  thresholds: { checks: ['rate==1'], http_req_failed: ['rate==0'] },
};

/** Counts towards the verdict, and says what was seen where a promise is broken. */
function promise(name: string, holds: boolean, seen: unknown): boolean {
  if (!holds) console.error(`BROKEN: ${name}; seen: ${JSON.stringify(seen)}`);
  return check(null, { [name]: () => holds });
}

/** Promises a status; throws when it is another, for then the rest of the walk means nothing. */
function answered(answer: Answer, status: number, what: string): Answer {
  if (!promise(`${what} answers ${status}`, answer.status === status, seenOf(answer))) {
    throw new Error(`cannot go on after: ${what}`);
  }
  return answer;
}

function seenOf({ status, body, error }: Answer): object {
  return { status, body, ...(error && { error }) };
}

function newAccount(): Account {
  const username = `smoke-${crypto.randomUUID().slice(0, 8)}`;
  return { username, email: `${username}@example.com`, password: 'a long passphrase' };
}

export default function (): void {
  try {
    group('health', health);
    const token = group('account', signUpAndIn);
    group('trading', () => {
      tradeAndReckon(token);
    });
    group('idempotency', () => {
      sendTwice(token);
    });
    group('orders', () => {
      orderAndCancel(token);
    });
    group('reading', () => {
      readAll(token);
    });
    group('payments', () => {
      payAndReckon(token);
    });
    group('bad input', () => {
      refuseNonsense(token);
    });
    group('the end', () => {
      leave(token);
    });
  } catch (error) {
    test.fail(String(error));
  }
}

function health(): void {
  for (const path of ['/health', '/health/live', '/health/ready', '/health/startup']) {
    answered(call('GET', path), 200, `GET ${path}`);
  }
  const metrics = call('GET', '/metrics', { expected: [404] });
  promise('the gateway keeps /metrics inside', metrics.status === 404, metrics.status);
}

function signUpAndIn(): string {
  const account = newAccount();
  const registered = bodyOf<Session>(answered(register(account), 201, 'sign-up'));
  promise('sign-up names the user', registered.user.username === account.username, registered.user);
  refused(register(account, [409]), 409, 'the same username again');
  refused(login(account.username, 'wrong', [401]), 401, 'a wrong password');
  refused(login(newAccount().username, 'wrong', [401]), 401, 'an unknown user');

  const session = bodyOf<Session>(
    answered(login(account.username, account.password), 200, 'login'),
  );
  promise('each login has a token of its own', session.token !== registered.token, 'the same');
  const me = answered(call('GET', '/auth/me', { token: session.token }), 200, 'GET /auth/me');
  promise('the token belongs to its user', me.body.includes(account.username), me.body);
  return session.token;
}

function marketOf(token: string): Market {
  return bodyOf<Market>(answered(market(token), 200, 'GET /api/characters'));
}

function firstOf({ characters }: Market): Character {
  const first = characters[0];
  if (first === undefined) throw new Error('the market lists no character');
  return first;
}

function tradeAndReckon(token: string): void {
  const before = marketOf(token);
  promise(
    'twenty characters are traded',
    before.characters.length === 20,
    before.characters.length,
  );
  promise(
    'every bid is below its ask',
    before.characters.every(({ bid, ask }) => bid !== null && ask !== null && bid > 0 && bid < ask),
    before.characters,
  );

  const { id } = firstOf(before);
  let { cash } = before;
  for (const order of [
    { characterId: id, quantity: 3, action: 'buy' },
    { characterId: id, quantity: 1, action: 'sell' },
  ] satisfies Order[]) {
    const answer = answered(trade(token, order), 201, order.action);
    const receipt = bodyOf<Receipt>(answer);
    const { price, quantity, amount, commission } = receipt.trade;
    promise(`${order.action}: amount is price × quantity`, amount === price * quantity, receipt);
    promise(`${order.action}: 0.1 % commission`, fairCommission(amount, commission), receipt);
    cash += (order.action === 'buy' ? -amount : amount) - commission;
    promise(`${order.action}: the cash left adds up`, receipt.cash === cash, { receipt, cash });
  }

  const after = bodyOf<Portfolio>(answered(portfolio(token), 200, 'GET /api/portfolio'));
  const [holding] = after.holdings;
  promise('the portfolio holds what was bought less what was sold', holding?.quantity === 2, after);
  promise('the portfolio has the cash', after.cash === cash, { after, cash });
  promise(
    'holdings are valued at the bid',
    after.holdings.every(({ value, quantity, bid }) => bid !== null && value === quantity * bid),
    after,
  );
}

/** 0.1 %, whole cents, at least one. */
function fairCommission(amount: number, commission: number): boolean {
  return commission >= 1 && (commission === 1 || Math.abs(commission - amount / 1000) < 1);
}

function sendTwice(token: string): void {
  const key = crypto.randomUUID();
  const order: Order = { characterId: firstOf(marketOf(token)).id, quantity: 1, action: 'buy' };
  const first = answered(trade(token, order, { key }), 201, 'a trade');
  const again = answered(trade(token, order, { key }), 201, 'the same trade with the same key');
  promise('a replay answers byte for byte', again.body === first.body, again.body);
  promise('a replay says so', headerOf(again, 'Idempotency-Replayed') === 'true', again.headers);
  promise(
    'a replay moves no money',
    marketOf(token).cash === bodyOf<Receipt>(first).cash,
    first.body,
  );

  const other = { ...order, quantity: 2 };
  refused(trade(token, other, { key, expected: [422] }), 422, 'another order with the same key');
}

function orderAndCancel(token: string): void {
  const { cash, characters } = marketOf(token);
  const order = { characterId: characters[0]?.id ?? '', side: 'buy' as const, quantity: 2 };
  const placed = answered(placeOrder(token, { ...order, limitPrice: 100 }), 201, 'a limit order');
  const { id } = bodyOf<{ id: string }>(placed);
  // Twice the limit, and the commission on it: 0.1 %, at least a cent.
  promise('an order holds back what it takes', marketOf(token).cash === cash - 201, cash);
  const open = answered(openOrders(token), 200, 'GET /api/orders');
  promise('the order is open', open.body.includes(`"id":"${id}"`), open.body);
  answered(call('GET', `/api/orders/${id}`, { token }), 200, 'GET /api/orders/:id');
  answered(cancelOrder(token, id), 200, 'cancelling');
  promise('what was held back is there again', marketOf(token).cash === cash, cash);
  const dear = { ...order, quantity: 1_000_000, limitPrice: 1_000_000 };
  refused(placeOrder(token, dear, [409]), 409, 'an order beyond the cash');
}

function readAll(token: string): void {
  const { id } = firstOf(marketOf(token));
  const today = new Date().toISOString().slice(0, 10);
  const own = ['/api/trades', `/api/statements/${today}`, '/api/subscription', '/api/me/export'];
  for (const path of [...own, `/api/characters/${id}`, '/dora', '/openapi.json']) {
    answered(call('GET', path, { token }), 200, `GET ${path}`);
  }
  answered(history(token, id), 200, 'GET /api/characters/:id/history');
  const note = research(token, id).status;
  promise('a research note, or what it takes to read it', note === 200 || note === 403, note);
  answered(rate(token, 5), 200, 'POST /api/feedback');
}

/** The newest payments, once none of them is pending any more; the gateway takes a moment. */
function settledPayments(token: string): Payment[] {
  for (let seconds = 0; ; seconds++) {
    const body = answered(payments(token), 200, 'GET /api/payments');
    const { payments: all } = bodyOf<{ payments: Payment[] }>(body);
    const settled = all.every(({ status }) => status !== 'pending');
    if (settled || seconds === 20) {
      promise('payments are settled within 20 s', settled, all);
      return all;
    }
    sleep(1);
  }
}

function payAndReckon(token: string): void {
  const { cash } = marketOf(token);
  const key = crypto.randomUUID();
  const first = answered(deposit(token, 5_000, 'card_good', { key }), 202, 'a deposit');
  const again = answered(deposit(token, 5_000, 'card_good', { key }), 202, 'the same deposit');
  promise('a deposit asked for twice is one', again.body === first.body, again.body);
  answered(deposit(token, 7_000, 'card_declined'), 202, 'a deposit of a card that is declined');
  answered(withdraw(token, 3_000, 'card_good'), 202, 'a withdrawal');
  promise('a withdrawal is gone at once', marketOf(token).cash <= cash + 2_000, cash);
  answered(subscribe(token, 'card_good'), 202, 'a subscription');

  const seen = settledPayments(token).map(
    ({ kind, status, reason }) => reason ?? `${kind} ${status}`,
  );
  const wanted =
    'deposit succeeded, insufficient_funds, subscription succeeded, withdrawal succeeded';
  promise('each payment ends as its card wants it', seen.sort().join(', ') === wanted, seen);
  promise('what came and went adds up', marketOf(token).cash === cash + 2_000, cash);

  const me = answered(call('GET', '/auth/me', { token }), 200, 'GET /auth/me');
  promise('a subscriber has real time', bodyOf<Session>(me).user.realtime, me.body);
  answered(unsubscribe(token), 200, 'cancelling the subscription');

  refused(
    withdraw(token, 999_999_999, 'card_good', { expected: [409] }),
    409,
    'more than there is',
  );
  refused(deposit(token, 5_000, '4242424242424242', { expected: [400] }), 400, 'a card number');
  const forged = call('POST', '/webhooks/payments', {
    body: {
      id: 'evt_1',
      type: 'charge.succeeded',
      data: { id: 'ch_1', reference: 'r', amount: 1, status: 'succeeded', failureCode: null },
    },
    headers: { 'Gateway-Signature': 't=1,v1=0' },
    expected: [400],
  });
  refused(forged, 400, 'a forged webhook');
}

/** Headers arrive in Go's canonical spelling, but a proxy may keep another. */
function headerOf(answer: Answer, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(answer.headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** A refusal is a problem document (RFC 9457) that says which request it was. */
function refused(answer: Answer, status: number, what: string): void {
  if (!promise(`${what} answers ${status}`, answer.status === status, seenOf(answer))) return;
  const type = headerOf(answer, 'Content-Type') ?? '';
  if (!promise(`${what}: a problem`, type.startsWith('application/problem+json'), type)) return;
  const problem = bodyOf<{ status: number; title: string; requestId: string }>(answer);
  promise(
    `${what}: the problem tells status, title and request`,
    problem.status === status &&
      problem.title !== '' &&
      problem.requestId === headerOf(answer, 'X-Request-ID'),
    answer.body,
  );
}

function refuseNonsense(token: string): void {
  const order: Order = { characterId: firstOf(marketOf(token)).id, quantity: 1, action: 'buy' };
  const before = marketOf(token);

  const post = (body: object | string, expected: number, headers: Record<string, string> = {}) =>
    call('POST', '/api/trade', {
      token,
      body,
      headers: { 'Idempotency-Key': crypto.randomUUID(), ...headers },
      expected: [expected],
    });

  const orders: [string, object | string, number][] = [
    ['no quantity', { ...order, quantity: undefined }, 400],
    ['quantity 0', { ...order, quantity: 0 }, 400],
    ['a negative quantity', { ...order, quantity: -1 }, 400],
    ['half a share', { ...order, quantity: 0.5 }, 400],
    ['a quantity in words', { ...order, quantity: 'one' }, 400],
    ['a quantity beyond 2^53', { ...order, quantity: 2 ** 60 }, 400],
    ['an unknown action', { ...order, action: 'steal' }, 400],
    ['an unknown field', { ...order, price: 1 }, 400],
    ['broken JSON', '{"characterId":', 400],
    ['a list for an order', [order], 400],
    ['an unknown character', { ...order, characterId: 'nobody' }, 404],
    ['more than the cash buys', { ...order, quantity: 1_000_000 }, 409],
    ['selling what one does not own', { ...order, action: 'sell', quantity: 1_000_000 }, 409],
    ['a body over 100 kB', { ...order, note: 'x'.repeat(110_000) }, 413],
  ];
  for (const [what, body, status] of orders) refused(post(body, status), status, what);

  refused(post('quantity=1', 415, { 'Content-Type': 'text/plain' }), 415, 'text for JSON');
  refused(
    call('POST', '/api/trade', { token, body: order, expected: [400] }),
    400,
    'a trade without a key',
  );
  refused(call('GET', '/api/portfolio', { expected: [401] }), 401, 'no token');
  refused(
    call('GET', '/api/portfolio', { token: 'forged', expected: [401] }),
    401,
    'a forged token',
  );
  refused(call('GET', '/api/treasure', { token, expected: [404] }), 404, 'an unknown address');

  promise('refused orders move no money', marketOf(token).cash === before.cash, before.cash);
}

function leave(token: string): void {
  const answer = logout(token);
  promise('logout works', answer.status === 204 || answer.status === 200, seenOf(answer));
  const after = call('GET', '/api/portfolio', { token, expected: [401] });
  refused(after, 401, 'a token after logout');
}
