-- What reports may read: the role `reporting`, of dashboards, sees this schema and no table. Its views hold nothing personal: no
-- name, no id of a customer, no row of one customer alone; customers are counted by the day (UTC). Each looks back 30 days by an
-- index, so that what it costs does not grow with the past; the number of all customers alone does.

-- Roles belong to the server, not to the database, so another database of it may have made this one, at this very moment.
-- It cannot log in before the migrate role has given it a password (REPORTING_PASSWORD_FILE). What is set is against accidents: a
-- session may lift its own timeout, but neither what it is granted nor how many it may be.
DO $$
BEGIN
  CREATE ROLE reporting NOLOGIN CONNECTION LIMIT 8;
  ALTER ROLE reporting SET search_path = reporting;
  ALTER ROLE reporting SET default_transaction_read_only = on;
  ALTER ROLE reporting SET statement_timeout = '5s';
  -- Compiling a plan takes longer than what it would save.
  ALTER ROLE reporting SET jit = off;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

CREATE SCHEMA reporting;

CREATE INDEX users_by_sign_up ON users (created_at);
CREATE INDEX payments_by_time ON payments (created_at);
CREATE INDEX ratings_by_day ON ratings (day);

-- When the last 30 days began, today included.
CREATE FUNCTION reporting.since() RETURNS timestamptz LANGUAGE sql STABLE
  RETURN date_trunc('day', now(), 'UTC') - interval '29 days';

-- These days: one without events is one with 0 of them.
CREATE VIEW reporting.days AS
  SELECT (reporting.since() AT TIME ZONE 'UTC')::date + n AS day FROM generate_series(0, 29) AS n;

-- Customers by the day on which they signed up, and how many of them have done what since. An erased customer was one.
--   returned  were seen a day or more after their sign-up; of erased customers it is not known any more
CREATE VIEW reporting.cohorts AS
  SELECT (u.created_at AT TIME ZONE 'UTC')::date AS day,
      count(*) AS signed_up,
      count(u.first_traded_at) AS traded,
      count(*) FILTER (WHERE EXISTS (
        SELECT FROM payments p WHERE p.user_id = u.id AND p.created_at >= reporting.since()
          AND p.kind = 'deposit' AND p.status = 'succeeded')) AS paid_in,
      count(*) FILTER (WHERE EXISTS (
        SELECT FROM payments p WHERE p.user_id = u.id AND p.created_at >= reporting.since()
          AND p.kind = 'subscription' AND p.status = 'succeeded')) AS subscribed,
      count(*) FILTER (WHERE EXISTS (
        SELECT FROM user_activity a WHERE a.user_id = u.id AND a.seen_at >= reporting.since()
          AND a.seen_at >= u.created_at + interval '1 day')) AS returned
    FROM users u
    WHERE u.created_at >= reporting.since()
    GROUP BY 1;

-- How long those who signed up in the last 30 days took to trade for the first time.
CREATE VIEW reporting.first_trades AS
  SELECT within, count(*) AS customers
    FROM (
      SELECT CASE
          WHEN first_traded_at IS NULL THEN 'not yet'
          WHEN first_traded_at < created_at + interval '1 minute' THEN '1 minute'
          WHEN first_traded_at < created_at + interval '10 minutes' THEN '10 minutes'
          WHEN first_traded_at < created_at + interval '1 hour' THEN '1 hour'
          WHEN first_traded_at < created_at + interval '1 day' THEN '1 day'
          ELSE 'longer' END AS within
        FROM users WHERE created_at >= reporting.since()
    ) AS of_customer
    GROUP BY 1;

-- Customers there are now, erased ones left out, and how many of them have been seen.
CREATE VIEW reporting.customers AS
  SELECT (SELECT count(*) FROM users WHERE erased_at IS NULL) AS customers,
      count(*) FILTER (WHERE seen_at >= now() - interval '1 day') AS seen_1d,
      count(*) FILTER (WHERE seen_at >= now() - interval '7 days') AS seen_7d,
      count(*) AS seen_30d,
      (SELECT count(*) FROM subscriptions WHERE status IN ('active', 'cancelled')) AS subscribers
    FROM user_activity WHERE seen_at >= now() - interval '30 days';

CREATE VIEW reporting.ratings AS
  SELECT day, rating, count(*) AS ratings
    FROM ratings WHERE day >= (reporting.since() AT TIME ZONE 'UTC')::date
    GROUP BY 1, 2;

-- By the day on which they were asked for. Money is in cents.
CREATE VIEW reporting.payments AS
  SELECT (created_at AT TIME ZONE 'UTC')::date AS day, kind, status, reason, count(*) AS payments, sum(amount)::bigint AS amount
    FROM payments WHERE created_at >= reporting.since()
    GROUP BY 1, 2, 3, 4;

CREATE VIEW reporting.pending_payments AS
  SELECT kind, count(*) AS payments, sum(amount)::bigint AS amount, extract(epoch FROM now() - min(created_at)) AS oldest_seconds
    FROM payments WHERE status = 'pending'
    GROUP BY 1;

-- The newest quotes, in cents.
CREATE VIEW reporting.board AS
  SELECT c.name AS character, q.bid, q.ask, q.last, q.open, coalesce(q.halted_until > now(), false) AS halted
    FROM quotes q JOIN characters c ON c.id = q.character_id
    WHERE q.quoted_at = (SELECT max(quoted_at) FROM quotes);

-- How software is delivered: nobody is in it to begin with. `failed` is as DORA means it (src/delivery/dora.ts): also one that
-- succeeded, and was followed by a critical incident within an hour.
CREATE VIEW reporting.deployments AS
  SELECT environment, revision, outcome, committed_at, deployed_at,
      outcome = 'failed' OR EXISTS (
        SELECT FROM incidents i WHERE i.environment = d.environment AND i.severity = 'critical'
          AND i.started_at >= d.deployed_at AND i.started_at < d.deployed_at + interval '1 hour') AS failed
    FROM deployments d WHERE deployed_at >= reporting.since();

CREATE VIEW reporting.incidents AS
  SELECT environment, alertname, severity, service, started_at, resolved_at
    FROM incidents WHERE started_at >= reporting.since();

GRANT USAGE ON SCHEMA reporting TO reporting;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO reporting;
