import type { QuoteBoard } from './quote.ts';

/** Twice as many as 5 seconds of quotes are. */
const MOST = 40;

/** The boards of the last seconds. */
export interface RecentBoards {
  /** Notes a board; one that is not newer than the newest is left out. */
  add(board: QuoteBoard): void;
  newest(): QuoteBoard | undefined;
  /** The newest that was quoted at `at` (milliseconds since 1970) or before. */
  before(at: number): QuoteBoard | undefined;
}

export function createRecentBoards(): RecentBoards {
  const boards: QuoteBoard[] = [];
  return {
    add(board) {
      const newest = boards.at(-1);
      if (newest && board.quotedAt <= newest.quotedAt) return;
      boards.push(board);
      if (boards.length > MOST) boards.shift();
    },
    newest: () => boards.at(-1),
    before: (at) => boards.findLast(({ quotedAt }) => quotedAt <= at),
  };
}
