import { Problem } from '../problem.ts';
import type { Connection } from './connection.ts';
import type { Limits } from './limits.ts';

/** Who is connected: all streams of this process, in bounded number, and those of each customer. */
export interface Audience {
  all(): ReadonlySet<Connection>;
  of(userId: string): ReadonlySet<Connection>;
  /** @returns false when there is no room */
  enter(connection: Connection): boolean;
  /** Notes whose it is. @throws {Problem} 429 when that customer has no room for another */
  identify(connection: Connection, userId: string): void;
  leave(connection: Connection): void;
}

const NONE: ReadonlySet<Connection> = new Set();

export function createAudience(
  limits: Pick<Limits, 'connections' | 'connectionsPerCustomer'>,
): Audience {
  const all = new Set<Connection>();
  const ofCustomer = new Map<string, Set<Connection>>();
  return {
    all: () => all,
    of: (userId) => ofCustomer.get(userId) ?? NONE,
    enter(connection) {
      if (all.size >= limits.connections) return false;
      all.add(connection);
      return true;
    },
    identify(connection, userId) {
      const own = ofCustomer.get(userId) ?? new Set();
      if (own.size >= limits.connectionsPerCustomer) {
        throw new Problem({
          status: 429,
          code: 'too-many-streams',
          title: 'Too many streams',
          detail: `A customer has at most ${limits.connectionsPerCustomer} streams. Close another one first.`,
        });
      }
      ofCustomer.set(userId, own.add(connection));
    },
    leave(connection) {
      all.delete(connection);
      const userId = connection.session()?.user.id;
      if (userId === undefined) return;
      const own = ofCustomer.get(userId);
      own?.delete(connection);
      if (own?.size === 0) ofCustomer.delete(userId);
    },
  };
}
