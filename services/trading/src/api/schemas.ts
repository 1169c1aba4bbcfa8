import { z } from 'zod';
import type { Page } from '../page.ts';
import { wholeNumber } from './input.ts';
import { cents } from '../money.ts';

/** Shapes that several endpoints share, of requests and of answers. */

/** Whole cents, as money is everywhere. */
export const centsSchema = z.int().describe('Whole cents');

/** A whole number of shares. */
export const sharesSchema = z.int().min(0).describe('Whole shares');

/** A moment: ISO 8601 in UTC with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 });

/** A character's id, as a request names it; whether there is such a one is looked up. */
export const characterId = z
  .string({ error: "expected a character's id as text" })
  .regex(/^[a-z0-9-]{1,64}$/, { error: "expected a character's id, as in GET /api/characters" });

const QUANTITY = 'expected a whole number from 1 to 1000000';

/** How many shares are asked for. */
export const quantity = z
  .int({ error: QUANTITY })
  .min(1, { error: QUANTITY })
  .max(1_000_000, { error: QUANTITY });

export const action = z.enum(['buy', 'sell'], { error: 'expected buy or sell' });

/** An id in a path or a query: ids are numbers, and text in JSON. */
export const id = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** The query of a list: newest first, a page at a time. */
export const pageQuery = {
  before: id.optional().describe('Only what is older than this id: the `next` of the page before'),
  limit: wholeNumber(1, 100).default(50).describe('How many at most'),
};

/** A page of a list, under the name of what it lists. */
export function pageSchema(name: string, item: z.ZodType) {
  return z.object({
    [name]: z.array(item),
    next: z.string().nullable().describe('The `before` of the next page; null after the last'),
  });
}

/** A page as its schema says. */
export function pageJson<Item>(name: string, { items, next }: Page<Item>) {
  return { [name]: items, next };
}
/** An amount that is asked for. */
export function moneyFrom(min: number, max: number) {
  const error = `expected whole cents from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).transform(cents);
}

/** What stands for a card; the card itself is known to the gateway alone. */
export const cardToken = z
  .string({ error: "expected a card's token as text" })
  .regex(/^card_[A-Za-z0-9_-]{1,59}$/, {
    error: "expected a card's token, such as card_good: card_, letters, digits, _ and -",
  });
