import type { User } from '../auth/sessions.ts';
import { findCharacter, type Character } from '../characters/characters.ts';
import type { Database } from '../database.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';
import { dailyChange, type QuoteBoard } from '../quotes/quote.ts';
import type { QuoteReader } from '../quotes/reader.ts';
import { possessionsOf, type Position } from './possessions.ts';

/** A character as one customer sees it; prices are null before the market ever opened. */
export interface CharacterView {
  id: string;
  name: string;
  bid: Cents | null;
  ask: Cents | null;
  last: Cents | null;
  /** The first price of the day (UTC). */
  open: Cents | null;
  /** From there to `last`, as a ratio to 4 decimals: 0.0123 is 1.23 % up. */
  change: number | null;
  /** Whether trading has stopped because the price moved too far. */
  halted: boolean;
  /** Until when; null while trading goes on. ISO 8601. */
  haltedUntil: string | null;
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
  /** Of `quantity`, what open orders hold back. */
  reserved: Shares;
  /** A share's, to the nearest cent. */
  averageCost: Cents;
  /** Paid for all of it, with the commission. */
  cost: Cents;
  bid: Cents | null;
  value: Cents;
  /** Of the sales so far, over their average cost and after commission. */
  realisedProfit: Cents;
  /** What selling all of it now would bring over its cost, before commission. */
  unrealisedProfit: Cents;
}

/** What a customer has. realisedProfit + unrealisedProfit is what `equity` is above all that was paid in and not paid out. */
export interface PortfolioView {
  /** What can be spent. */
  cash: Cents;
  /** What open orders to buy hold back. */
  reservedCash: Cents;
  /** Sold-out characters left out. */
  holdings: HoldingView[];
  /** All holdings at the bid. */
  portfolioValue: Cents;
  /** Sold-out characters included. */
  realisedProfit: Cents;
  unrealisedProfit: Cents;
  /** cash + reservedCash + portfolioValue */
  equity: Cents;
}

/** Who looks: quotes are 5 s late for those without real time. */
export type Viewer = Pick<User, 'id' | 'realtime'>;

export interface Portfolio {
  /** Every character with its quote and the customer's holding. `portfolioValue` is all holdings at the bid, without cash. */
  characters(
    viewer: Viewer,
  ): Promise<{ characters: CharacterView[]; portfolioValue: Cents; cash: Cents }>;
  /**
   * One character with its quote and the customer's holding.
   *
   * @throws {Problem} 404 when there is no such character
   */
  character(viewer: Viewer, characterId: string): Promise<CharacterView>;
  holdings(viewer: Viewer): Promise<PortfolioView>;
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
  const read = ({ id, realtime }: Viewer) =>
    Promise.all([realtime ? quotes.current() : quotes.delayed(), possessionsOf(database, id)]);

  const look = async (viewer: Viewer) => {
    const [board, { cash, reservedCash, positions }] = await read(viewer);
    const held = characters.map((character) => ({
      view: viewOf(character, board, positions.get(character.id)),
      position: positions.get(character.id),
    }));
    return { held, cash, reservedCash, portfolioValue: sum(held.map(({ view }) => view.value)) };
  };

  return {
    async characters(viewer) {
      const { held, cash, portfolioValue } = await look(viewer);
      return { characters: held.map(({ view }) => view), portfolioValue, cash };
    },
    async character(viewer, characterId) {
      const character = findCharacter(characters, characterId);
      const [board, { positions }] = await read(viewer);
      return viewOf(character, board, positions.get(character.id));
    },
    async holdings(viewer) {
      const { held, cash, reservedCash, portfolioValue } = await look(viewer);
      const holdings = held.flatMap(({ view, position }) =>
        position && position.quantity > 0 ? [holdingOf(view, position)] : [],
      );
      return {
        cash,
        reservedCash,
        holdings,
        portfolioValue,
        realisedProfit: sum(held.map(({ position }) => position?.realisedProfit ?? cents(0))),
        unrealisedProfit: sum(holdings.map(({ unrealisedProfit }) => unrealisedProfit)),
        equity: sum([cash, reservedCash, portfolioValue]),
      };
    },
  };
}

function viewOf(
  { id, name }: Character,
  board: QuoteBoard | undefined,
  position: Position | undefined,
): CharacterView {
  const quote = board?.quotes.get(id);
  const quantity = position?.quantity ?? shares(0);
  return {
    id,
    name,
    bid: quote?.bid ?? null,
    ask: quote?.ask ?? null,
    last: quote?.last ?? null,
    open: quote?.open ?? null,
    change: quote ? dailyChange(quote) : null,
    halted: quote ? quote.haltedUntil !== null : false,
    haltedUntil: isoTime(quote?.haltedUntil),
    quotedAt: isoTime(quote && board?.quotedAt),
    quantity,
    value: cents(quantity * (quote?.bid ?? 0)),
  };
}

function holdingOf({ id, name, bid, value }: CharacterView, position: Position): HoldingView {
  const { quantity, reserved, cost, realisedProfit } = position;
  return {
    characterId: id,
    name,
    quantity,
    reserved,
    averageCost: cents(Math.round(cost / quantity)),
    cost,
    bid,
    value,
    realisedProfit,
    unrealisedProfit: cents(value - cost),
  };
}

function isoTime(at: number | null | undefined): string | null {
  return at == null ? null : new Date(at).toISOString();
}

function sum(values: Cents[]): Cents {
  return cents(values.reduce((total, value) => total + value, 0));
}
