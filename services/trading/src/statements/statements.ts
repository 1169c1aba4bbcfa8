import type { Database, Statement as SqlStatement } from '../database.ts';
import { cents, shares, type Cents, type Shares } from '../money.ts';
import { Problem } from '../problem.ts';

/**
 * A customer's day, midnight to midnight UTC:
 * closingCash = openingCash - bought + sold - commission + deposits - withdrawals + adjustments.
 */
export interface Statement {
  /** YYYY-MM-DD. */
  date: string;
  /** Whether the day is over; then it stays as it is. */
  final: boolean;
  /** With what open orders held back, as `closingCash`. */
  openingCash: Cents;
  closingCash: Cents;
  /** Without commission, as `sold`. */
  bought: Cents;
  sold: Cents;
  commission: Cents;
  deposits: Cents;
  withdrawals: Cents;
  /** What came or went otherwise: the starting credit, corrections. */
  adjustments: Cents;
  realisedProfit: Cents;
  /** How many. */
  trades: number;
  /** At the day's close, with what open orders held back. */
  holdings: { characterId: string; quantity: Shares }[];
}

export interface Statements {
  /**
   * The statement of a day: that of one that is over is made once and kept, today's is made anew.
   *
   * @param date YYYY-MM-DD
   * @throws {Problem} 404 for a day to come, or before the customer was one
   */
  get(userId: string, date: string): Promise<Statement>;
}

interface StatementRow {
  opening_cash: number;
  closing_cash: number;
  bought: number;
  sold: number;
  commission: number;
  deposits: number;
  withdrawals: number;
  adjustments: number;
  realised_profit: number;
  trades: number;
  holdings: { characterId: string; quantity: number }[];
}

const COLUMNS = `opening_cash, closing_cash, bought, sold, commission, deposits, withdrawals, adjustments, realised_profit,
  trades, holdings`;

const selectStatement: SqlStatement = {
  name: 'select_statement',
  operation: 'select',
  table: 'statements',
  text: `SELECT ${COLUMNS} FROM statements WHERE user_id = $1 AND day = $2`,
};

const computeStatement: SqlStatement = {
  name: 'compute_statement',
  operation: 'call',
  table: 'entries',
  text: `SELECT ${COLUMNS} FROM compute_statement($1, $2)`,
};

/** Makes the statement of a day that is over, unless there is one. */
export const keepStatement: SqlStatement = {
  name: 'keep_statement',
  operation: 'call',
  table: 'statements',
  text: 'SELECT keep_statement($1, $2) AS kept',
};

// By the database's clock, which is also the entries'.
const selectDay: SqlStatement = {
  name: 'select_day',
  operation: 'select',
  table: 'users',
  text: `SELECT CASE
           WHEN $2::date > (clock_timestamp() AT TIME ZONE 'UTC')::date THEN 'to come'
           WHEN $2::date < (created_at AT TIME ZONE 'UTC')::date THEN 'before'
           WHEN $2::date = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN 'today'
           ELSE 'over' END AS day
         FROM users WHERE id = $1`,
};

export function createStatements(database: Database): Statements {
  const read = async (statement: SqlStatement, userId: string, date: string) =>
    (await database.query<StatementRow>(statement, [userId, date]))[0];

  return {
    async get(userId, date) {
      const kept = await read(selectStatement, userId, date);
      if (kept) return statementOf(kept, date, true);

      const [when] = await database.query<{ day: Day }>(selectDay, [userId, date]);
      if (when?.day === 'today') {
        return statementOf(await read(computeStatement, userId, date), date, false);
      }
      if (when?.day !== 'over') throw noStatement(date, when?.day);
      await database.query(keepStatement, [userId, date]);
      return statementOf(await read(selectStatement, userId, date), date, true);
    },
  };
}

type Day = 'to come' | 'before' | 'today' | 'over';

function statementOf(row: StatementRow | undefined, date: string, final: boolean): Statement {
  if (!row) throw new Error(`There is no statement of ${date}`);
  return {
    date,
    final,
    openingCash: cents(row.opening_cash),
    closingCash: cents(row.closing_cash),
    bought: cents(row.bought),
    sold: cents(row.sold),
    commission: cents(row.commission),
    deposits: cents(row.deposits),
    withdrawals: cents(row.withdrawals),
    adjustments: cents(row.adjustments),
    realisedProfit: cents(row.realised_profit),
    trades: row.trades,
    holdings: row.holdings.map(({ characterId, quantity }) => ({
      characterId,
      quantity: shares(quantity),
    })),
  };
}

function noStatement(date: string, day: Day | undefined): Problem {
  const why = day === 'to come' ? 'is still to come' : 'was before you became a customer';
  return new Problem({
    status: 404,
    code: 'no-statement',
    title: 'No statement',
    detail: `${date} ${why} (days are those of UTC).`,
  });
}
