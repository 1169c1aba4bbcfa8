import type { Database, Statement } from '../database.ts';
import { cents, type Cents } from '../money.ts';
import { Problem } from '../problem.ts';

/** What is traded: a character of the story. */
export interface Character {
  id: string;
  name: string;
  /** Where the price starts, and what it is drawn back to. */
  startPrice: Cents;
  /** Standard deviation of the price's relative change over an hour. */
  volatility: number;
}

const selectCharacters: Statement = {
  name: 'select_characters',
  operation: 'select',
  table: 'characters',
  text: 'SELECT id, name, start_price, volatility FROM characters ORDER BY id',
};

/** All characters by id. They change by migration only, so a process reads them once. */
export async function loadCharacters(database: Database): Promise<Character[]> {
  const rows = await database.query<{
    id: string;
    name: string;
    start_price: number;
    volatility: number;
  }>(selectCharacters);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    startPrice: cents(row.start_price),
    volatility: row.volatility,
  }));
}

/** @throws {Problem} 404 when there is no such character */
export function findCharacter(characters: Character[], id: string): Character {
  const found = characters.find((character) => character.id === id);
  if (found) return found;
  throw new Problem({
    status: 404,
    code: 'unknown-character',
    title: 'Unknown character',
    detail: `No character has the id ${JSON.stringify(id)}. GET /api/characters lists them.`,
  });
}
