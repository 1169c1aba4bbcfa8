import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';

/** Rows of one page; what is held of an export at a time. */
const PAGE = 500;

/**
 * A part of the export: rows of $1, the customer, in pages. `key` orders them and is not exported: a page begins after $2, the
 * last key of the page before, null for the first.
 */
interface Section {
  name: string;
  statement: Statement;
}

const SECTIONS: Section[] = [
  section(
    'user',
    'users',
    `SELECT id AS key, id, username, email, created_at AS "createdAt", first_traded_at AS "firstTradedAt"
     FROM users WHERE id = $1 AND $2::uuid IS NULL`,
  ),
  section(
    'activity',
    'user_activity',
    `SELECT user_id AS key, seen_at AS "seenAt" FROM user_activity WHERE user_id = $1 AND $2::uuid IS NULL`,
  ),
  section(
    'sessions',
    'sessions',
    `SELECT token_hash AS key, created_at AS "createdAt", expires_at AS "expiresAt" FROM sessions
     WHERE user_id = $1 AND token_hash > coalesce($2::bytea, '') ORDER BY token_hash LIMIT ${PAGE}`,
  ),
  section(
    'feedback',
    'ratings',
    `SELECT day::text AS key, rating, rated_at AS "ratedAt" FROM ratings
     WHERE user_id = $1 AND day > coalesce($2, '-infinity')::date ORDER BY ratings.day LIMIT ${PAGE}`,
  ),
  section(
    'trades',
    'trades',
    // By t.id: a bare id would be the one that is put out, which is text.
    `SELECT t.id AS key, t.id::text, order_id::text AS "orderId", character_id AS "characterId", action, quantity, price,
       amount, commission, realised_profit AS "realisedProfit", executed_at AS "executedAt"
     FROM trades t WHERE user_id = $1 AND t.id > coalesce($2::bigint, 0) ORDER BY t.id LIMIT ${PAGE}`,
  ),
  section(
    'accounts',
    'accounts',
    `SELECT a.id AS key, a.id::text, a.purpose, a.asset, b.balance, a.created_at AS "createdAt"
     FROM accounts a JOIN balances b ON b.account_id = a.id
     WHERE a.user_id = $1 AND a.id > coalesce($2::bigint, 0) ORDER BY a.id LIMIT ${PAGE}`,
  ),
  section(
    'orders',
    'orders',
    `SELECT o.id AS key, o.id::text, character_id AS "characterId", side, quantity, limit_price AS "limitPrice", filled,
       remaining, cancelled, status, amount, commission, reserved, expires_at AS "expiresAt", created_at AS "createdAt",
       closed_at AS "closedAt"
     FROM orders o WHERE user_id = $1 AND o.id > coalesce($2::bigint, 0) ORDER BY o.id LIMIT ${PAGE}`,
  ),
  section(
    'payments',
    'payments',
    `SELECT p.id AS key, p.id::text, reference, kind, amount, card, status, reason, created_at AS "createdAt",
       settled_at AS "settledAt"
     FROM payments p WHERE user_id = $1 AND p.id > coalesce($2::bigint, 0) ORDER BY p.id LIMIT ${PAGE}`,
  ),
  section(
    'subscription',
    'subscriptions',
    `SELECT user_id AS key, status, card, attempts, current_period_end AS "currentPeriodEnd", due_at AS "dueAt",
       created_at AS "createdAt"
     FROM subscriptions WHERE user_id = $1 AND $2::uuid IS NULL`,
  ),
  section(
    'positions',
    'positions',
    `SELECT character_id AS key, character_id AS "characterId", quantity, cost, realised_profit AS "realisedProfit"
     FROM positions WHERE user_id = $1 AND character_id > coalesce($2, '') ORDER BY character_id LIMIT ${PAGE}`,
  ),
  section(
    'statements',
    'statements',
    `SELECT day::text AS key, day::text AS date, opening_cash AS "openingCash", bought, sold, commission, deposits,
       withdrawals, adjustments, closing_cash AS "closingCash", realised_profit AS "realisedProfit", trades, holdings
     FROM statements WHERE user_id = $1 AND day > coalesce($2, '-infinity')::date ORDER BY statements.day LIMIT ${PAGE}`,
  ),
  section(
    'entries',
    'entries',
    // Account by account, each in the order of its index, so that a page reads little more than its rows. Entries of one account
    // and time are never torn apart, so that the key is these two.
    `SELECT a.id || '/' || e.created_at AS key, e.id::text, a.id::text AS "accountId", e.transfer_id::text AS "transferId",
       t.kind, e.amount, e.created_at AS "createdAt"
     FROM (
       SELECT coalesce(split_part($2, '/', 1)::bigint, 0) AS account_id,
         coalesce(split_part($2, '/', 2)::timestamptz, '-infinity') AS created_at
     ) AS last
     JOIN accounts a ON a.user_id = $1 AND a.id >= last.account_id
     CROSS JOIN LATERAL (
       SELECT * FROM entries
       WHERE account_id = a.id AND created_at > CASE a.id WHEN last.account_id THEN last.created_at ELSE '-infinity' END
       ORDER BY created_at FETCH FIRST ${PAGE} ROWS WITH TIES
     ) e
     JOIN transfers t ON t.id = e.transfer_id
     ORDER BY a.id, e.created_at FETCH FIRST ${PAGE} ROWS WITH TIES`,
  ),
];

/** The parts that an export has, each a list. */
export const SECTION_NAMES = SECTIONS.map(({ name }) => name);

/**
 * Everything that is held of a customer, as the text of one JSON object with a list for each section, a page at a time. The
 * pages are read one after another and not of one snapshot: what happens meanwhile may be in a later section and not in an
 * earlier one. The audit stream tells of it at its end: a failure when a page could not be read, or the caller did not take all.
 */
export async function* exportOf(
  database: Database,
  telemetry: Pick<Telemetry, 'audit'>,
  userId: string,
  address: string | undefined,
): AsyncGenerator<string> {
  const event = { action: 'data.export', actor: userId, address };
  let complete = false;
  try {
    yield* pagesOf(database, userId);
    complete = true;
  } finally {
    telemetry.audit(
      complete
        ? { ...event, outcome: 'success' }
        : { ...event, outcome: 'failure', reason: 'incomplete' },
    );
  }
}

async function* pagesOf(database: Database, userId: string): AsyncGenerator<string> {
  let text = '{';
  for (const [index, { name, statement }] of SECTIONS.entries()) {
    text += `${index === 0 ? '' : ','}\n"${name}":[`;
    let key: unknown = null;
    let rows: { key: unknown }[];
    do {
      rows = await database.query<{ key: unknown }>(statement, [userId, key]);
      const lines = rows.map((row) => `\n${JSON.stringify({ ...row, key: undefined })}`).join(',');
      yield `${text}${key !== null && lines !== '' ? ',' : ''}${lines}`;
      text = '';
      key = rows.at(-1)?.key;
    } while (rows.length >= PAGE);
    text = ']';
  }
  yield `${text}\n}\n`;
}

function section(name: string, table: string, text: string): Section {
  return { name, statement: { name: `export_${name}`, operation: 'select', table, text } };
}
