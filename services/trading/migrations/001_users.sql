-- Customers, their sessions, and when each was last seen.

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username text NOT NULL,
  email text NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  first_traded_at timestamptz
);

-- "Mira" and "mira" are one person to everybody who reads them.
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- A token is 256 random bits; only its SHA-256 is kept, so that a copy of this table opens no session.
CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Apart from `users`, because it changes every minute and nothing else there does.
CREATE TABLE user_activity (
  user_id uuid PRIMARY KEY REFERENCES users,
  seen_at timestamptz NOT NULL
);

CREATE INDEX user_activity_seen_at ON user_activity (seen_at);
