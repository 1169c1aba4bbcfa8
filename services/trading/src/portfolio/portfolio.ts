import type { Character } from '../characters/characters.ts';
import type { Database } from '../database.ts';
import { balancesOf, type CustomerBalances } from '../ledger/accounts.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';
import type { Quote, QuoteBoard } from '../quotes/quote.ts';
import type { QuoteReader } from '../quotes/reader.ts';

/** A character as one customer sees it; prices are null before the market ever opened. */
export interface CharacterView {
  id: string;
  name: string;
  bid: Cents | null;
  ask: Cents | null;
  last: Cents | null;
  /** ISO 8601. */
  quotedAt: string | null;
  quantity: Shares;
  /** What the holding would bring now: quantity × bid. */
  value: Cents;
}

export interface HoldingView {
  characterId: string;
  name: string;
  quantity: Shares;
  bid: Cents | null;
  value: Cents;
}

export interface Portfolio {
  /** Every character with its quote and the customer's holding. `portfolioValue` is all holdings at the bid, without cash. */
  characters(
    userId: string,
  ): Promise<{ characters: CharacterView[]; portfolioValue: Cents; cash: Cents }>;
  /** What the customer holds, sold-out characters left out. */
  holdings(
    userId: string,
  ): Promise<{ cash: Cents; holdings: HoldingView[]; portfolioValue: Cents }>;
}

export interface PortfolioDependencies {
  database: Database;
  quotes: QuoteReader;
  characters: Character[];
}

export function createPortfolio({
  database,
  quotes,
  characters,
}: PortfolioDependencies): Portfolio {
  const look = async (userId: string) => {
    const [board, balances] = await Promise.all([quotes.current(), balancesOf(database, userId)]);
    const views = characters.map((character) => viewOf(character, board, balances));
    return { views, cash: balances.cash, portfolioValue: sum(views.map((view) => view.value)) };
  };

  return {
    async characters(userId) {
      const { views, cash, portfolioValue } = await look(userId);
      return { characters: views, portfolioValue, cash };
    },
    async holdings(userId) {
      const { views, cash, portfolioValue } = await look(userId);
      const holdings = views
        .filter((view) => view.quantity > 0)
        .map(({ id, name, quantity, bid, value }) => ({
          characterId: id,
          name,
          quantity,
          bid,
          value,
        }));
      return { cash, holdings, portfolioValue };
    },
  };
}

function viewOf(
  { id, name }: Character,
  board: QuoteBoard | undefined,
  { holdings }: CustomerBalances,
): CharacterView {
  const quote: Quote | undefined = board?.quotes.get(id);
  const quantity = holdings.get(id) ?? shares(0);
  return {
    id,
    name,
    bid: quote?.bid ?? null,
    ask: quote?.ask ?? null,
    last: quote?.last ?? null,
    quotedAt: board && quote ? new Date(board.quotedAt).toISOString() : null,
    quantity,
    value: cents(quantity * (quote?.bid ?? 0)),
  };
}

function sum(values: Cents[]): Cents {
  return cents(values.reduce((total, value) => total + value, 0));
}
