import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import { openCustomerAccount } from '../ledger/accounts.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import { Problem, unauthorized } from '../problem.ts';
import type { SecurityEvents } from '../security/events.ts';
import type { Attempt, Credentials } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import type { Session, Sessions, User } from './sessions.ts';
import { TOKEN_PATTERN } from './tokens.ts';

export interface Registration {
  username: string;
  email: string;
  password: string;
  /** Where it comes from. */
  address: string;
}

export interface Auth {
  /** Creates the customer, with cash account and starting credit, and a session. @throws {Problem} 409 when taken */
  register(registration: Registration): Promise<{ user: User; token: string }>;
  /** @throws {Problem} 401, the same for an unknown user and a wrong password; 429 after too many failures */
  login(attempt: Attempt): Promise<{ user: User; token: string }>;
  /**
   * Whose token it is. One that no login of ours can have given counts as forged; one that is merely unknown does not, because
   * it may have expired.
   *
   * @throws {Problem} 401
   */
  authenticate(authorization: string | undefined, address: string): Promise<Session>;
  logout(session: Session, address: string): Promise<void>;
}

// No row when the username or the address is taken. The unique index's own error is avoided: the database would write
// the address into its log.
const insertUser: Statement = {
  name: 'insert_user',
  operation: 'insert',
  table: 'users',
  text: `INSERT INTO users (username, email, password_hash) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING id, username, email, false AS realtime`,
};

const findTaken: Statement = {
  name: 'find_taken',
  operation: 'select',
  table: 'users',
  text: `SELECT bool_or(lower(username) = lower($1)) AS username FROM users
         WHERE lower(username) = lower($1) OR lower(email) = lower($2)`,
};

export interface AuthDependencies {
  database: Database;
  passwords: Passwords;
  credentials: Credentials;
  sessions: Sessions;
  events: SecurityEvents;
  telemetry: Pick<Telemetry, 'audit'>;
  metrics: Pick<ApiMetrics, 'authAttempts' | 'userSignups' | 'ledgerEntries'>;
}

export function createAuth({
  database,
  passwords,
  credentials,
  sessions,
  events,
  telemetry,
  metrics,
}: AuthDependencies): Auth {
  const count = (type: 'login' | 'register' | 'token', success: boolean) => {
    metrics.authAttempts.inc({ type, success: String(success) });
  };

  return {
    async register({ username, email, password, address }) {
      const passwordHash = await passwords.hash(password);
      const registered = await database.transaction(async (connection) => {
        const [user] = await connection.query<User>(insertUser, [username, email, passwordHash]);
        if (!user) return undefined;
        await openCustomerAccount(connection, user.id);
        return { user, token: await sessions.open(connection, user.id) };
      });
      count('register', registered !== undefined);
      if (!registered) {
        const [taken] = await database.query<{ username: boolean }>(findTaken, [username, email]);
        const problem = takenProblem(taken?.username ? 'username' : 'email');
        const reason = problem.code;
        telemetry.audit({ action: 'auth.register', outcome: 'failure', address, reason });
        throw problem;
      }
      metrics.userSignups.inc();
      metrics.ledgerEntries.inc(2); // the starting credit
      const actor = registered.user.id;
      telemetry.audit({ action: 'auth.register', outcome: 'success', actor, address });
      return registered;
    },

    async login(attempt) {
      const user = await credentials.check('auth.login', attempt);
      count('login', user !== undefined);
      if (!user) throw unauthorized('The username or the password is wrong.');
      const token = await sessions.open(database, user.id);
      const { address } = attempt;
      telemetry.audit({ action: 'auth.login', outcome: 'success', actor: user.id, address });
      return { user, token };
    },

    async authenticate(authorization, address) {
      if (authorization === undefined) {
        throw unauthorized('Send the token from /auth/login as "Authorization: Bearer <token>".');
      }
      const [scheme, token = '', ...rest] = authorization.split(' ');
      const bearer = scheme?.toLowerCase() === 'bearer';
      const wellFormed = bearer && rest.length === 0 && TOKEN_PATTERN.test(token);
      if (bearer && !wellFormed) events.note('token_forged', address);
      const session = wellFormed ? await sessions.find(token) : undefined;
      count('token', session !== undefined);
      if (!session) throw unauthorized('The token is malformed, unknown or expired. Log in again.');
      return session;
    },

    async logout(session, address) {
      await sessions.close(session);
      telemetry.audit({
        action: 'auth.logout',
        outcome: 'success',
        actor: session.user.id,
        address,
      });
    },
  };
}

function takenProblem(field: 'username' | 'email'): Problem {
  return new Problem({
    status: 409,
    code: `${field}-taken`,
    title: `The ${field} is taken`,
    detail: `Another customer has this ${field}. Choose another one, or log in.`,
    errors: [{ field, message: 'is taken' }],
  });
}
