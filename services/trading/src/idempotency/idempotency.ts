import { createHash } from 'node:crypto';
import type { AuditEvent } from '@crows-nest/telemetry';
import type { Database, Queryable, Statement } from '../database.ts';
import { lockCustomer } from '../ledger/accounts.ts';
import type { Cents } from '../money.ts';
import { Problem, problemBody } from '../problem.ts';

export interface KeyedRequest {
  userId: string;
  /** The caller's Idempotency-Key. */
  key: string;
  /** What is asked for, its kind first: tells a repeat from another request under the same key. */
  request: readonly unknown[];
  /** The path asked, for a refusal's `instance`. */
  instance: string;
}

/** The answer, as bytes: the same ones when the key is used again. */
export interface KeptAnswer {
  status: number;
  body: string;
  replayed: boolean;
}

interface KeptRow {
  request: Buffer;
  status: number;
  body: string;
}

// Keys are kept for 24 hours; an older one that housekeeping has not yet removed is as good as unused.
const selectKept: Statement = {
  name: 'select_kept_answer',
  operation: 'select',
  table: 'idempotency_keys',
  text: `SELECT request, status, body FROM idempotency_keys
         WHERE user_id = $1 AND key = $2 AND created_at > clock_timestamp() - interval '24 hours'`,
};

const keepAnswer: Statement = {
  name: 'keep_answer',
  operation: 'insert',
  table: 'idempotency_keys',
  text: `INSERT INTO idempotency_keys (user_id, key, request, status, body, created_at)
         VALUES ($1, $2, $3, $4, $5, clock_timestamp())
         ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request, outcome = NULL,
           status = excluded.status, body = excluded.body, created_at = excluded.created_at`,
};

/**
 * Does what a request asks for once per key, and gives the same bytes again: everything in one transaction that holds the
 * customer's lock, so that of two at once one works and the other waits for its answer. (A trade does the same within
 * `execute_trade`, in one round trip.)
 *
 * @param run does it, on the transaction's connection, and is told what cash the customer can spend. What it returns is
 *   kept, a problem too (a refusal that has changed nothing); what it throws undoes everything, and the key stays free
 * @throws {Problem} 422 when the key was used for another request in the last 24 hours
 */
export async function idempotently(
  database: Database,
  { userId, key, request, instance }: KeyedRequest,
  run: (connection: Queryable, cash: Cents) => Promise<{ status: number; body: unknown } | Problem>,
): Promise<KeptAnswer> {
  const hash = hashRequest(request);
  return database.transaction(async (connection) => {
    const cash = await lockCustomer(connection, userId);
    const [kept] = await connection.query<KeptRow>(selectKept, [userId, key]);
    if (kept) {
      if (!kept.request.equals(hash)) throw keyReused();
      return { status: kept.status, body: kept.body, replayed: true };
    }
    const result = await run(connection, cash);
    const { status } = result;
    const body = JSON.stringify(
      result instanceof Problem ? problemBody(result, instance) : result.body,
    );
    await connection.query(keepAnswer, [userId, key, hash, status, body]);
    return { status, body, replayed: false };
  });
}

/** What the audit stream says of an answer: done, or refused and why. */
export function outcomeOf({ status, body }: KeptAnswer): Pick<AuditEvent, 'outcome' | 'reason'> {
  if (status < 400) return { outcome: 'success' };
  const { type } = JSON.parse(body) as { type: string };
  return { outcome: 'failure', reason: type.replace('/problems/', '') };
}

/** Tells a repeated request from another one under the same key. */
export function hashRequest(request: readonly unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(request)).digest();
}

/** 422: the key has done something else. */
export function keyReused(): Problem {
  return new Problem({
    status: 422,
    code: 'idempotency-key-reused',
    title: 'Idempotency-Key used for another request',
    detail:
      'This Idempotency-Key was used for another request in the last 24 hours. Use a new key for a new request.',
    errors: [{ field: 'Idempotency-Key', message: 'was used for another request' }],
  });
}
