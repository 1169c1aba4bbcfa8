-- What comes and goes through the card gateway, and the real-time plan, which is paid through it.

-- A payment is pending until the gateway has said, by webhook or when asked, what came of it; then it is final.
--   reference             what the gateway knows it by, and its idempotency key there; random, because numbers begin anew with
--                         a new database
--   charge_id             the gateway's own id
--   reason                why it failed
--   hold_transfer_id      a withdrawal's: from the customer to where it can no longer be spent
--   settle_transfer_id    what the outcome moved
--   ask_at                when the gateway is asked next, while no webhook has come
CREATE TABLE payments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reference text NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users,
  kind text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'subscription')),
  amount bigint NOT NULL CHECK (amount > 0),
  card text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
  charge_id text,
  reason text,
  hold_transfer_id bigint UNIQUE REFERENCES transfers,
  settle_transfer_id bigint UNIQUE REFERENCES transfers,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at timestamptz,
  ask_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '10 seconds',
  CHECK ((status = 'pending') = (settled_at IS NULL)),
  CHECK ((status = 'failed') = (reason IS NOT NULL)),
  CHECK ((kind = 'withdrawal') = (hold_transfer_id IS NOT NULL)),
  -- Of what fails, only a withdrawal has something to give back.
  CHECK ((settle_transfer_id IS NOT NULL) = (status = 'succeeded' OR (status = 'failed' AND kind = 'withdrawal')))
);

CREATE INDEX payments_of_user ON payments (user_id, id DESC);
CREATE INDEX payments_pending ON payments (ask_at) WHERE status = 'pending';
CREATE INDEX payments_pending_of_user ON payments (user_id) WHERE status = 'pending';
-- Nobody pays twice for one month.
CREATE UNIQUE INDEX payments_one_subscription_charge ON payments (user_id)
  WHERE kind = 'subscription' AND status = 'pending';

-- The money follows the payment, whoever writes it; the customer's lock is held. A payment begins pending, is settled once, and
-- what was asked for stays as it is.
CREATE FUNCTION move_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_customer bigint := customer_account(NEW.user_id, 'customer', 'BERRY');
  v_gateway bigint := house_account('gateway', 'BERRY');
  v_payouts bigint := house_account('payouts', 'BERRY');
  v_amounts bigint[] := ARRAY[-NEW.amount, NEW.amount];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'payment % is refused: it begins pending', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.kind = 'withdrawal' THEN
      NEW.hold_transfer_id := post_transfer('withdrawal', ARRAY[v_customer, v_payouts], v_amounts);
    END IF;
    RETURN NEW;
  END IF;

  IF OLD.status <> 'pending' OR (OLD.id, OLD.reference, OLD.user_id, OLD.kind, OLD.amount, OLD.card, OLD.created_at)
      IS DISTINCT FROM (NEW.id, NEW.reference, NEW.user_id, NEW.kind, NEW.amount, NEW.card, NEW.created_at) THEN
    RAISE EXCEPTION 'UPDATE of payment % is refused: what was asked for is final, and so is what is settled', NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.status <> 'pending' THEN
    NEW.settled_at := clock_timestamp();
    NEW.settle_transfer_id := CASE NEW.kind || ' ' || NEW.status
      WHEN 'deposit succeeded' THEN post_transfer('deposit', ARRAY[v_gateway, v_customer], v_amounts)
      WHEN 'withdrawal succeeded' THEN post_transfer('payout', ARRAY[v_payouts, v_gateway], v_amounts)
      WHEN 'withdrawal failed' THEN post_transfer('withdrawal_returned', ARRAY[v_payouts, v_customer], v_amounts)
      WHEN 'subscription succeeded'
        THEN post_transfer('subscription', ARRAY[v_gateway, house_account('subscription', 'BERRY')], v_amounts)
    END;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payments_move_money BEFORE INSERT OR UPDATE ON payments
  FOR EACH ROW EXECUTE FUNCTION move_payment();
CREATE TRIGGER payments_stay BEFORE DELETE OR TRUNCATE ON payments
  EXECUTE FUNCTION refuse_change('a payment fails, and is never deleted');

-- The gateway's events that were worked off, so that each works once.
CREATE TABLE payment_webhooks (
  event_id text PRIMARY KEY,
  type text NOT NULL,
  payment_id bigint NOT NULL REFERENCES payments,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX payment_webhooks_received_at ON payment_webhooks (received_at);

-- The real-time plan, one row a customer who ever had it.
--   pending    its first charge is under way
--   active     paid, or the charge for the next period is under way
--   past_due   a charge was declined; it is tried again
--   cancelled  runs until the period that is paid has ended
--   ended      over: cancelled and run out, or declined too often
-- attempts: charges declined in a row. due_at: when the next charge, or the end of what was cancelled, is due; null while a
-- charge is under way.
CREATE TABLE subscriptions (
  user_id uuid PRIMARY KEY REFERENCES users,
  status text NOT NULL CHECK (status IN ('pending', 'active', 'past_due', 'cancelled', 'ended')),
  card text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  current_period_end timestamptz,
  due_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (status NOT IN ('active', 'cancelled') OR current_period_end IS NOT NULL)
);

CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX subscriptions_running ON subscriptions (user_id) WHERE status IN ('active', 'cancelled');

-- Whether a customer sees quotes as they are, or 5 s late.
CREATE FUNCTION has_realtime(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM subscriptions WHERE user_id = p_user AND status IN ('active', 'cancelled'))
$$;

-- What the payments say should be in the house's accounts of them, where the entries say otherwise; part of the audit.
CREATE VIEW payment_differences AS
  SELECT 'BERRY' AS asset, 'house account ' || house.purpose AS subject, p.total AS expected, e.total AS found
    FROM (VALUES ('gateway'), ('payouts'), ('subscription')) AS house (purpose)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(CASE house.purpose
          WHEN 'gateway' THEN CASE WHEN status <> 'succeeded' THEN 0 WHEN kind = 'withdrawal' THEN amount ELSE -amount END
          WHEN 'payouts' THEN CASE WHEN status = 'pending' AND kind = 'withdrawal' THEN amount ELSE 0 END
          WHEN 'subscription' THEN CASE WHEN status = 'succeeded' AND kind = 'subscription' THEN amount ELSE 0 END
        END), 0) AS total
        FROM payments
    ) p
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(amount), 0) AS total FROM entries WHERE account_id = house_account(house.purpose, 'BERRY')
    ) e
    WHERE p.total <> e.total;
