// The steady, light traffic that keeps every dashboard alive: what the compose service `traffic` runs, for ever.
//
// A few customers come by, look at the market, read, buy and sell, leave orders behind, pay, look at what they own, and go; a few
// others only watch the prices. Now and then one mistypes the password or asks for more than there is to sell, as people do, so that
// panels of refusals have something to show; never so often that an alert would fire. It waits for the API and outlives its restarts.

import { sleep } from 'k6';
import { vu } from 'k6/execution';

import {
  type Account,
  type Answer,
  type Character,
  type Market,
  type Session,
  bodyOf,
  cancelOrder,
  deposit,
  history,
  login,
  logout,
  market,
  openOrders,
  placeOrder,
  portfolio,
  rate,
  register,
  research,
  subscribe,
  trade,
  unsubscribe,
  watchQuotes,
  withdraw,
} from './lib/api.ts';

/** Customers who trade, and others who watch. */
const traders = 4;
const watchers = 2;

export const options = {
  scenarios: {
    customers: {
      executor: 'constant-vus',
      vus: traders + watchers,
      duration: '8760h', // k6 must have an end; Docker's restart policy begins anew after it
      gracefulStop: '5s',
    },
  },
  // Each tag that k6 would put on its metrics costs memory and nobody reads them here. For the same reason the container runs
  // with --summary-mode=disabled and --no-thresholds: then k6 keeps no measurements, and a year takes no more memory than a
  // minute.
  systemTags: ['status'],
};

/** What a customer spends on one purchase, in cents; of a dearer character, one share. */
const budget = 50_000;
/** Every so many visits of a customer, something goes wrong, beginning with the first so that its panels fill soon. */
const mishapEvery = 20;
/** Every so many visits, a customer says how satisfied they are. */
const rateEvery = 5;
/** Every so many visits, a customer has something to pay. */
const payEvery = 4;

/** With the exchange away, a customer tries again after so many seconds. */
const patience = 5;

const day = 24 * 60 * 60 * 1000;

/**
 * Who this virtual user is today. Each begins a new account a day (at different hours, so that sign-ups are no spike): otherwise
 * spread and commission would have eaten the starting credit after some weeks, and every trade would be refused.
 */
function account(): Account {
  const id = vu.idInTest;
  const generation = Math.floor((Date.now() + (id * day) / (traders + watchers)) / day);
  const username = `regular-${id}-${generation}`;
  // The password of a customer who exists in the demo only.
  return { username, email: `${username}@example.com`, password: 'rum and sea shanties' };
}

/** Waits as a person would who reads or decides: from half of `seconds` to one and a half. */
function think(seconds: number): void {
  sleep(seconds * (0.5 + Math.random()));
}

/** Throws, with all that is known, when an answer is none of the expected ones. */
function expect(answer: Answer, what: string, ...statuses: number[]): Answer {
  if (statuses.includes(answer.status)) return answer;
  throw new Error(`${what} answered ${answer.status}: ${answer.error || answer.body}`);
}

/** Logs in; a customer the exchange does not know yet signs up. */
function signIn({ username, email, password }: Account): string {
  let answer = expect(login(username, password, [200, 401]), 'login', 200, 401);
  if (answer.status === 401) {
    answer = expect(register({ username, email, password }), 'register', 201);
  }
  return bodyOf<Session>(answer).token;
}

function pick(characters: Character[]): Character {
  const character = characters[Math.floor(Math.random() * characters.length)];
  if (character === undefined) throw new Error('there is no character to choose');
  return character;
}

/** Buys for about {@link budget}, or sells half of what one owns: in the long run as much of the one as of the other. */
function tradeOnce(token: string): void {
  const { characters, cash } = bodyOf<Market>(expect(market(token), 'market', 200));
  think(4);

  const owned = characters.filter(({ quantity }) => quantity > 0);
  // Twice the price leaves room for it to rise meanwhile, and for the commission.
  const affordable = characters.filter(
    ({ ask }) => ask !== null && cash >= 2 * Math.max(ask, budget),
  );
  const sell = owned.length > 0 && (affordable.length === 0 || Math.random() < 0.5);
  const character = pick(sell ? owned : affordable);
  const order = sell
    ? { action: 'sell' as const, quantity: Math.ceil(character.quantity / 2) }
    : {
        action: 'buy' as const,
        quantity: Math.max(1, Math.floor(budget / (character.ask ?? budget))),
      };
  // 409: where several copies of the traffic run they share their accounts, and another one was quicker.
  expect(trade(token, { characterId: character.id, ...order }), order.action, 201, 409);
}

/** Orders to sell more than one owns; the exchange refuses. */
function overreach(token: string): void {
  const { characters } = bodyOf<Market>(expect(market(token), 'market', 200));
  const { id, quantity } = pick(characters);
  const order = { characterId: id, quantity: quantity + 1, action: 'sell' as const };
  expect(trade(token, order, { expected: [409] }), 'overreaching order', 409);
}

/** Reads about a character, and orders one of its shares a little below the market: most are filled within minutes. */
function readAndOrder(token: string): void {
  const { characters } = bodyOf<Market>(expect(market(token), 'market', 200));
  const character = pick(characters);
  expect(research(token, character.id), 'research', 200, 403);
  expect(history(token, character.id), 'history', 200);
  think(4);
  const { id: characterId, ask } = character;
  if (ask === null) return;
  const limitPrice = Math.round(ask * (1 - 0.003 * Math.random()));
  const expiresAt = new Date(Date.now() + 10 * 60_000).toISOString();
  const order = { characterId, side: 'buy' as const, quantity: 1, limitPrice, expiresAt };
  expect(placeOrder(token, order, [201, 409]), 'limit order', 201, 409);
}

/** Cancels the oldest of the orders that are still open, where there are several. */
function tidyUp(token: string): void {
  const { orders } = bodyOf<{ orders: { id: string }[] }>(expect(openOrders(token), 'orders', 200));
  const oldest = orders.at(-1);
  if (oldest && orders.length > 2) expect(cancelOrder(token, oldest.id), 'cancelling', 200, 409);
}

// 409: another visit was quicker, or the money is all in shares. 404: there was no subscription to cancel.
const maybe = { expected: [202, 409] };

/** What customers pay, one after the other: mostly with good cards, and now and then with each of those that are trouble. */
const payments: ((token: string) => Answer)[] = [
  (token) => deposit(token, 25_000, 'card_good'),
  (token) => subscribe(token, 'card_good', maybe),
  (token) => withdraw(token, 20_000, 'card_good', maybe),
  (token) => deposit(token, 10_000, 'card_declined'),
  (token) => deposit(token, 15_000, 'card_slow'),
  (token) => withdraw(token, 5_000, 'card_expired', maybe),
  (token) => deposit(token, 30_000, 'card_webhook_lost'),
  (token) => unsubscribe(token, [200, 404]),
  (token) => subscribe(token, 'card_declined', maybe),
];

function pay(token: string, turn: number): void {
  const payment = payments[turn % payments.length];
  if (payment) expect(payment(token), 'payment', 200, 202, 404, 409);
}

/** Comes to trade. */
function visit(visits: number): void {
  // Customers take turns in having bad luck, and in paying.
  const mishap = (visits + vu.idInTest * 5) % mishapEvery === 5;
  const customer = account();
  if (mishap) {
    expect(login(customer.username, 'rum and sea shanty', [401]), 'mistyped login', 401);
    think(3);
  }
  const token = signIn(customer);
  think(2);

  const trades = 1 + Math.floor(Math.random() * 3);
  for (let i = 0; i < trades; i++) {
    tradeOnce(token);
    think(4);
  }
  readAndOrder(token);
  tidyUp(token);
  if (mishap) overreach(token);
  if ((visits + vu.idInTest) % rateEvery === 0) {
    expect(rate(token, Math.min(5, 3 + Math.floor(Math.random() * 3))), 'rating', 200);
  }
  const turn = (visits + vu.idInTest) / payEvery;
  if (Number.isInteger(turn)) pay(token, turn);

  expect(portfolio(token), 'portfolio', 200);
  think(4);
  expect(logout(token), 'logout', 200, 204);
  think(4);
}

/** Comes to see how prices move, for half a minute or so. */
async function watch(): Promise<void> {
  const token = signIn(account());
  await watchQuotes(token, 20 + 20 * Math.random());
  expect(logout(token), 'logout', 200, 204);
  think(4);
}

export default async function (): Promise<void> {
  try {
    if (vu.idInTest <= traders) visit(vu.iterationInInstance);
    else await watch();
  } catch (error) {
    // An exchange that is starting, stopping or in trouble: say so in one line, and come back later.
    console.warn(String(error));
    sleep(patience);
  }
}
