/**
 * The exchange in memory, as simple as it can be said: no database, no ledger, no concurrency. What the real one answers and
 * holds is compared with it. Written without looking at the real one's arithmetic, and not to be shared with it.
 */

export interface ModelQuote {
  bid: number;
  ask: number;
}

export interface ModelOrder {
  id: number;
  person: Person;
  characterId: string;
  side: 'buy' | 'sell';
  quantity: number;
  limit: number;
  filled: number;
  /** Cents of all fills, without commission. */
  amount: number;
  status: 'open' | 'partially_filled' | 'filled' | 'cancelled';
}

export interface Position {
  quantity: number;
  cost: number;
  realised: number;
}

export interface Person {
  /** All cash, also what orders hold back. */
  cash: number;
  /** Deposits and the starting credit, less withdrawals. */
  paidIn: number;
  positions: Map<string, Position>;
  orders: ModelOrder[];
  trades: number;
}

export type Outcome = 'done' | 'insufficient-funds' | 'insufficient-holding';

/** Shares of one character that the house sells, and as many that it buys, in a round; and orders that it fills in one. */
export interface HouseLimits {
  shares: number;
  fills: number;
}

export function newPerson(cash: number): Person {
  return { cash, paidIn: cash, positions: new Map(), orders: [], trades: 0 };
}

export function freeCash(person: Person): number {
  return person.cash - sum(openOrders(person, 'buy').map(held));
}

export function freeShares(person: Person, characterId: string): number {
  const selling = openOrders(person, 'sell').filter((order) => order.characterId === characterId);
  return (person.positions.get(characterId)?.quantity ?? 0) - sum(selling.map(held));
}

/** A market order. */
export function trade(
  person: Person,
  characterId: string,
  side: 'buy' | 'sell',
  quantity: number,
  quote: ModelQuote,
): Outcome {
  const amount = quantity * (side === 'buy' ? quote.ask : quote.bid);
  const commission = fee(amount);
  if (side === 'buy' && amount + commission > freeCash(person)) return 'insufficient-funds';
  if (side === 'sell' && quantity > freeShares(person, characterId)) return 'insufficient-holding';
  book(person, characterId, side, quantity, amount, commission);
  return 'done';
}

/** A limit order; its id is what the real one gave it. */
export function place(
  person: Person,
  order: Pick<ModelOrder, 'characterId' | 'side' | 'quantity' | 'limit'>,
): { outcome: Outcome; order?: ModelOrder } {
  const placed: ModelOrder = { ...order, id: NaN, person, filled: 0, amount: 0, status: 'open' };
  if (order.side === 'buy' && held(placed) > freeCash(person)) {
    return { outcome: 'insufficient-funds' };
  }
  if (order.side === 'sell' && order.quantity > freeShares(person, order.characterId)) {
    return { outcome: 'insufficient-holding' };
  }
  person.orders.push(placed);
  return { outcome: 'done', order: placed };
}

export function cancel(order: ModelOrder): void {
  if (isOpen(order)) order.status = 'cancelled';
}

/** A round of the market, every character at the same quote: what it crosses is filled, best limit first, then oldest, as far as the house's shares go. */
export function fillRound(people: Person[], { bid, ask }: ModelQuote, house: HouseLimits): void {
  const fills: { order: ModelOrder; quantity: number; price: number; turn: number }[] = [];
  const crossed = people
    .flatMap((person) => [...openOrders(person, 'buy'), ...openOrders(person, 'sell')])
    .filter(({ side, limit }) => (side === 'buy' ? limit >= ask : limit <= bid));
  const queues = Map.groupBy(crossed, ({ characterId, side }) => `${side} ${characterId}`);
  for (const queue of queues.values()) {
    queue.sort((a, b) => (a.side === 'buy' ? b.limit - a.limit : a.limit - b.limit) || a.id - b.id);
    let left = house.shares;
    for (const [turn, order] of queue.entries()) {
      const quantity = Math.min(left, order.quantity - order.filled);
      left -= quantity;
      const price = order.side === 'buy' ? ask : bid;
      if (quantity > 0) fills.push({ order, quantity, price, turn });
    }
  }
  fills.sort((a, b) => a.turn - b.turn || a.order.id - b.order.id);
  for (const { order, quantity, price } of fills.slice(0, house.fills)) {
    const amount = quantity * price;
    const commission = fee(order.amount + amount) - fee(order.amount);
    order.filled += quantity;
    order.amount += amount;
    order.status = order.filled === order.quantity ? 'filled' : 'partially_filled';
    book(order.person, order.characterId, order.side, quantity, amount, commission);
  }
}

/** What an open order holds back: shares when selling; when buying, cents for the rest at its limit and their commission. */
export function held({ side, quantity, filled, limit, amount }: ModelOrder): number {
  const rest = quantity - filled;
  if (side === 'sell') return rest;
  return rest * limit + fee(amount + rest * limit) - fee(amount);
}

export function isOpen({ status }: ModelOrder): boolean {
  return status === 'open' || status === 'partially_filled';
}

function openOrders({ orders }: Person, side: 'buy' | 'sell'): ModelOrder[] {
  return orders.filter((order) => order.side === side && isOpen(order));
}

function book(
  person: Person,
  characterId: string,
  side: 'buy' | 'sell',
  quantity: number,
  amount: number,
  commission: number,
): void {
  const position = person.positions.get(characterId) ?? { quantity: 0, cost: 0, realised: 0 };
  person.positions.set(characterId, position);
  person.trades += 1;
  if (side === 'buy') {
    person.cash -= amount + commission;
    position.quantity += quantity;
    position.cost += amount + commission;
  } else {
    const part = Math.floor((position.cost * quantity) / position.quantity);
    person.cash += amount - commission;
    position.quantity -= quantity;
    position.cost -= part;
    position.realised += amount - commission - part;
  }
}

/** 0.1 %, half a cent up, at least a cent; on nothing, nothing. */
function fee(amount: number): number {
  return amount === 0 ? 0 : Math.max(1, Math.round(amount / 1000));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
