import { cents, shares, type Cents, type Shares } from '../money.ts';
import type { Character } from '../characters/characters.ts';

/** A made-up trade: what the tables need to know of it. */
export interface PastTrade {
  /** Index of the customer, from 0. */
  customer: number;
  character: Character;
  action: 'buy' | 'sell';
  quantity: Shares;
  price: Cents;
  amount: Cents;
  commission: Cents;
  realisedProfit: number;
  /** Milliseconds since 1970. */
  executedAt: number;
}

export interface Position {
  quantity: Shares;
  cost: Cents;
  realisedProfit: number;
}

/** What a made-up customer has in the end. */
export interface PastCustomer {
  cash: Cents;
  positions: Map<string, Position>;
}

export interface HistoryOptions {
  customers: number;
  trades: number;
  characters: Character[];
  /** What each customer begins with. */
  startingCredit: Cents;
  /** Of the first and the last trade: milliseconds since 1970. */
  from: number;
  until: number;
  /** Numbers in [0, 1). */
  random: () => number;
}

/** What a customer keeps at least, so that the next purchase is possible. */
const KEEP = 100_000;

/**
 * Makes up trades, in the order of time, that could have happened: nobody spends what they do not have, and every figure is what
 * the exchange would have booked. Some customers trade far more than others, as they do: the customer's index is the square of a random
 * number, so that the busiest tenth makes a third of the trades.
 */
export function createHistory(options: HistoryOptions) {
  const { characters, startingCredit, from, until, random } = options;
  const people: PastCustomer[] = Array.from({ length: options.customers }, () => ({
    cash: startingCredit,
    positions: new Map<string, Position>(),
  }));
  const below = (n: number) => Math.floor(random() * n);

  function* trades(): Generator<PastTrade> {
    for (let n = 0; n < options.trades; n += 1) {
      const customer = Math.floor(random() ** 2 * people.length);
      const executedAt = Math.floor(from + ((until - from) * n) / options.trades);
      yield tradeOf(customer, people[customer] as PastCustomer, executedAt);
    }
  }

  const tradeOf = (index: number, person: PastCustomer, executedAt: number): PastTrade => {
    const character = characters[below(characters.length)] as Character;
    const price = cents(Math.max(2, Math.round(character.startPrice * (0.8 + 0.4 * random()))));
    const held = person.positions.get(character.id);
    if (held && held.quantity > 0 && random() < 0.5) {
      const quantity = shares(1 + below(held.quantity));
      return sell(index, person, held, { character, price, quantity, executedAt });
    }
    const affordable = Math.floor((person.cash - KEEP) / price / 2);
    if (affordable >= 1) {
      const quantity = shares(1 + below(Math.min(affordable, 20)));
      return buy(index, person, { character, price, quantity, executedAt });
    }
    // Out of money: sells what there is most of.
    const [id, position] = [...person.positions].reduce((most, next) =>
      next[1].quantity > most[1].quantity ? next : most,
    );
    const other = characters.find((one) => one.id === id) as Character;
    return sell(index, person, position, {
      character: other,
      price: other.startPrice,
      quantity: position.quantity,
      executedAt,
    });
  };

  return { people, trades };
}

interface Deal {
  character: Character;
  price: Cents;
  quantity: Shares;
  executedAt: number;
}

function buy(customer: number, person: PastCustomer, deal: Deal): PastTrade {
  const { character, price, quantity } = deal;
  const amount = cents(price * quantity);
  const commission = commissionOn(amount);
  const old = person.positions.get(character.id) ?? {
    quantity: shares(0),
    cost: cents(0),
    realisedProfit: 0,
  };
  person.cash = cents(person.cash - amount - commission);
  person.positions.set(character.id, {
    quantity: shares(old.quantity + quantity),
    cost: cents(old.cost + amount + commission),
    realisedProfit: old.realisedProfit,
  });
  return { customer, ...deal, action: 'buy', amount, commission, realisedProfit: 0 };
}

/** The cost of what is sold as in `move_position`: its part of the position's cost, rounded down. */
function sell(customer: number, person: PastCustomer, position: Position, deal: Deal): PastTrade {
  const { price, quantity } = deal;
  const amount = cents(price * quantity);
  const commission = commissionOn(amount);
  const cost = Number((BigInt(position.cost) * BigInt(quantity)) / BigInt(position.quantity));
  const realisedProfit = amount - commission - cost;
  person.cash = cents(person.cash + amount - commission);
  position.quantity = shares(position.quantity - quantity);
  position.cost = cents(position.cost - cost);
  position.realisedProfit += realisedProfit;
  return { customer, ...deal, action: 'sell', amount, commission, realisedProfit };
}

/** As `commission_on` in SQL: 0.1 %, rounded half up to the cent, at least 1 cent. */
export function commissionOn(amount: Cents): Cents {
  return cents(Math.max(1, Math.floor((amount + 500) / 1000)));
}
