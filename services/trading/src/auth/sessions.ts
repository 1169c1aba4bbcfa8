import type { Redis } from 'ioredis';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Queryable, Statement } from '../database.ts';
import type { Faults } from '../faults/faults.ts';
import { hashToken, newToken } from './tokens.ts';

/** Who a request is from. */
export interface User {
  id: string;
  username: string;
  email: string;
  /** Sees quotes as they are, and not 5 s late. */
  realtime: boolean;
}

export interface Session {
  tokenHash: Buffer;
  user: User;
}

export interface Sessions {
  /** Opens a session on the given connection. @returns the bearer token, which is kept nowhere */
  open(connection: Queryable, userId: string): Promise<string>;
  /** The session of a token; undefined when there is none, or it has expired. One Redis command, as a rule. */
  find(token: string): Promise<Session | undefined>;
  close(session: Session): Promise<void>;
  /** To be called after a change of what {@link User} tells: the next request sees it. */
  changed(userId: string): Promise<void>;
  /** Sessions as they are now, in the order given; undefined where one has ended. */
  renew(sessions: Session[]): Promise<(Session | undefined)[]>;
  /** Closes all sessions of a user on the given connection. @returns what closes the cached ones, to be called after the commit */
  closeAll(connection: Queryable, userId: string): Promise<() => Promise<void>>;
}

const LIFETIME = '7 days';

// How long a cached session is believed. Also the longest that a session closed while Redis was away can still be used.
const CACHE_SECONDS = 60;
const CLOSED = 'closed';
// What marks a session whose user has changed, and for how long: nothing is cached meanwhile. Longer than reading the old state
// and caching it can take, so that the old one never comes after it.
const CHANGED = 'changed';
const CHANGED_SECONDS = 5;

const openSession: Statement = {
  name: 'open_session',
  operation: 'insert',
  table: 'sessions',
  text: `INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '${LIFETIME}')`,
};

const findSession: Statement = {
  name: 'find_session',
  operation: 'select',
  table: 'sessions',
  text: `SELECT u.id, u.username, u.email, has_realtime(u.id) AS realtime,
           greatest(1, least($2, extract(epoch FROM s.expires_at - now())))::integer AS cache_seconds
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = $1 AND s.expires_at > now()`,
};

const renewSessions: Statement = {
  name: 'renew_sessions',
  operation: 'select',
  table: 'sessions',
  text: `SELECT s.token_hash, u.id, u.username, u.email, has_realtime(u.id) AS realtime
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = ANY($1) AND s.expires_at > now()`,
};

const closeSession: Statement = {
  name: 'close_session',
  operation: 'delete',
  table: 'sessions',
  text: 'DELETE FROM sessions WHERE token_hash = $1',
};

const selectTokens: Statement = {
  name: 'select_sessions_of_user',
  operation: 'select',
  table: 'sessions',
  text: 'SELECT token_hash FROM sessions WHERE user_id = $1 AND expires_at > now()',
};

const closeSessionsOfUser: Statement = {
  name: 'close_sessions_of_user',
  operation: 'delete',
  table: 'sessions',
  text: 'DELETE FROM sessions WHERE user_id = $1 RETURNING token_hash',
};

/** Sessions are kept in Postgres and cached in Redis; without Redis (or with cache-off of the `faults`) each lookup asks Postgres. */
export function createSessions(
  database: Database,
  redis: Redis,
  telemetry: Pick<Telemetry, 'cacheHit' | 'cacheMiss'>,
  faults?: Faults,
): Sessions {
  const closeCached = (tokenHash: Buffer) =>
    redis.set(cacheKey(tokenHash), CLOSED, 'EX', CACHE_SECONDS).catch(() => null);

  return {
    async open(connection, userId) {
      const token = newToken();
      await connection.query(openSession, [hashToken(token), userId]);
      return token;
    },

    async find(token) {
      const tokenHash = hashToken(token);
      const key = cacheKey(tokenHash);
      const cached = faults?.on('cache-off') ? null : await redis.get(key).catch(() => null);
      if (cached === CLOSED) return undefined;
      if (cached !== null && cached !== CHANGED) {
        telemetry.cacheHit('session');
        return { tokenHash, user: JSON.parse(cached) as User };
      }
      telemetry.cacheMiss('session');
      const [row] = await database.query<User & { cache_seconds: number }>(findSession, [
        tokenHash,
        CACHE_SECONDS,
      ]);
      if (!row) return undefined;
      const { cache_seconds: seconds, ...user } = row;
      // NX: a logout or a change that came between our reading and this has marked the key, and must win.
      await redis.set(key, JSON.stringify(user), 'EX', seconds, 'NX').catch(() => null);
      return { tokenHash, user };
    },

    async close({ tokenHash }) {
      await database.query(closeSession, [tokenHash]);
      await closeCached(tokenHash);
    },

    async closeAll(connection, userId) {
      const rows = await connection.query<{ token_hash: Buffer }>(closeSessionsOfUser, [userId]);
      return async () => {
        await Promise.all(rows.map(({ token_hash: tokenHash }) => closeCached(tokenHash)));
      };
    },

    async changed(userId) {
      const rows = await database.query<{ token_hash: Buffer }>(selectTokens, [userId]);
      const marks = rows.map(({ token_hash: hash }) =>
        redis.set(cacheKey(hash), CHANGED, 'EX', CHANGED_SECONDS).catch(() => null),
      );
      await Promise.all(marks);
    },

    async renew(sessions) {
      const hashes = sessions.map(({ tokenHash }) => tokenHash);
      const rows = await database.query<User & { token_hash: Buffer }>(renewSessions, [hashes]);
      const users = new Map(
        rows.map(({ token_hash: hash, ...user }) => [hash.toString('base64url'), user]),
      );
      return hashes.map((tokenHash) => {
        const user = users.get(tokenHash.toString('base64url'));
        return user && { tokenHash, user };
      });
    },
  };
}

function cacheKey(tokenHash: Buffer): string {
  return `session:${tokenHash.toString('base64url')}`;
}
