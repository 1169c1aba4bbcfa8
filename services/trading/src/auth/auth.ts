import type { Database, Statement } from '../database.ts';
import { openCustomerAccount } from '../ledger/accounts.ts';
import type { ApiMetrics } from '../metrics.ts';
import { Problem, unauthorized } from '../problem.ts';
import type { Passwords } from './passwords.ts';
import type { Session, Sessions, User } from './sessions.ts';
import type { LoginThrottle } from './throttle.ts';
import { TOKEN_PATTERN } from './tokens.ts';

export interface Registration {
  username: string;
  email: string;
  password: string;
}

export interface Login {
  username: string;
  password: string;
  /** Where the attempt comes from. */
  address: string;
}

export interface Auth {
  /** Creates the customer, with cash account and starting credit, and a session. @throws {Problem} 409 when taken */
  register(registration: Registration): Promise<{ user: User; token: string }>;
  /** @throws {Problem} 401, the same for an unknown user and a wrong password; 429 after too many failures */
  login(login: Login): Promise<{ user: User; token: string }>;
  /** Whose token it is. @throws {Problem} 401 */
  authenticate(authorization: string | undefined): Promise<Session>;
  logout(session: Session): Promise<void>;
}

/** Letters, digits, `_` and `-`: what can stand in a URL, a log line and a mail without being escaped. */
export const USERNAME_PATTERN = /^[A-Za-z0-9_-]{3,32}$/;

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

const findByUsername: Statement = {
  name: 'find_user_by_username',
  operation: 'select',
  table: 'users',
  text: `SELECT id, username, email, has_realtime(id) AS realtime, password_hash FROM users
         WHERE lower(username) = lower($1)`,
};

export interface AuthDependencies {
  database: Database;
  passwords: Passwords;
  sessions: Sessions;
  throttle: LoginThrottle;
  metrics: Pick<ApiMetrics, 'authAttempts' | 'userSignups'>;
}

export function createAuth({
  database,
  passwords,
  sessions,
  throttle,
  metrics,
}: AuthDependencies): Auth {
  const count = (type: 'login' | 'register' | 'token', success: boolean) => {
    metrics.authAttempts.inc({ type, success: String(success) });
  };

  return {
    async register({ username, email, password }) {
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
        throw takenProblem(taken?.username ? 'username' : 'email');
      }
      metrics.userSignups.inc();
      return registered;
    },

    async login({ username, password, address }) {
      await throttle.check(username, address);
      // What cannot be a username is not looked up, but takes as long as what could.
      const [found] = USERNAME_PATTERN.test(username)
        ? await database.query<User & { password_hash: string }>(findByUsername, [username])
        : [];
      const fits = await passwords.verify(found?.password_hash, password);
      count('login', fits);
      if (!found || !fits) {
        await throttle.failed(username, address);
        throw unauthorized('The username or the password is wrong.');
      }
      await throttle.succeeded(username);
      const token = await sessions.open(database, found.id);
      const { id, username: name, email, realtime } = found;
      return { user: { id, username: name, email, realtime }, token };
    },

    async authenticate(authorization) {
      if (authorization === undefined) {
        throw unauthorized('Send the token from /auth/login as "Authorization: Bearer <token>".');
      }
      const [scheme, token = '', ...rest] = authorization.split(' ');
      const wellFormed =
        scheme?.toLowerCase() === 'bearer' && rest.length === 0 && TOKEN_PATTERN.test(token);
      const session = wellFormed ? await sessions.find(token) : undefined;
      count('token', session !== undefined);
      if (!session) throw unauthorized('The token is malformed, unknown or expired. Log in again.');
      return session;
    },

    logout: (session) => sessions.close(session),
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
