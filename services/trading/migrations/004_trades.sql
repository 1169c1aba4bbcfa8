-- Trades, and what happens with each in the same database transaction: the ledger, the answer kept for its
-- Idempotency-Key, and the message that leads to the customer's confirmation.

CREATE TABLE trades (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users,
  -- No foreign key, as with entries.account_id: the house's account in the character's shares must exist for a trade.
  character_id text NOT NULL,
  action text NOT NULL CHECK (action IN ('buy', 'sell')),
  quantity bigint NOT NULL CHECK (quantity > 0),
  price bigint NOT NULL CHECK (price > 0),
  amount bigint NOT NULL CHECK (amount = price * quantity),
  commission bigint NOT NULL CHECK (commission > 0),
  transfer_id bigint NOT NULL REFERENCES transfers,
  executed_at timestamptz NOT NULL
);

CREATE INDEX trades_of_user ON trades (user_id, id DESC);

CREATE TRIGGER trades_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON trades
  EXECUTE FUNCTION refuse_change('a trade is undone only by another trade');

-- The answer that was given, kept for 24 hours. `request` is a hash of what was asked, to tell a repeat from a reuse.
CREATE TABLE idempotency_keys (
  user_id uuid NOT NULL REFERENCES users,
  key text NOT NULL,
  request bytea NOT NULL,
  outcome text NOT NULL,
  status integer NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Messages on their way to the queue; the relay deletes what it has handed over, so this stays small.
-- `carrier` holds the request's ids and trace, so that what follows belongs to them.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  payload jsonb NOT NULL,
  carrier jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A mail that is being sent (until `claimed_until`) or has been. A job may run twice; a row lets it send once.
CREATE TABLE notifications (
  message_id text PRIMARY KEY,
  claimed_until timestamptz NOT NULL,
  sent_at timestamptz
);

CREATE INDEX notifications_claimed_until ON notifications (claimed_until);

-- A market order, start to end in one round trip.
--
-- p_price is the quote's cents a share, or null when there is no quote to trade on: a known key is then still answered.
-- outcome: executed | insufficient_funds | insufficient_holding | unknown_character (these three are refusals, and kept),
--          no_price | key_reused (nothing is kept; the caller writes the answer).
--
-- Locking: the customer's cash balance is the customer's lock. It is taken first, so one customer's orders run one after
-- another (two with one key: the second finds the first's answer), those of different customers meet in no row, and
-- there is no order of locks in which two could wait for each other.
CREATE FUNCTION execute_trade(
  p_user uuid, p_key text, p_request bytea, p_character text, p_action text, p_quantity bigint,
  p_price bigint, p_commission bigint, p_request_id text, p_instance text, p_carrier jsonb,
  OUT outcome text, OUT replayed boolean, OUT status integer, OUT body text,
  OUT trade_id bigint, OUT first_trade boolean, OUT entry_count integer
) LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  v_known idempotency_keys;
  v_cash_account bigint;
  v_cash bigint;
  v_share_account bigint;
  v_shares bigint := 0;
  v_dealing_cash bigint := house_account('dealing', 'BERRY');
  v_dealing_shares bigint := house_account('dealing', p_character);
  v_sign integer := CASE p_action WHEN 'buy' THEN 1 ELSE -1 END;
  v_amount bigint := p_price * p_quantity;
  v_cost bigint := v_sign * p_price * p_quantity + p_commission; -- negative: proceeds
  v_transfer bigint;
  v_title text;
  v_detail text;
BEGIN
  replayed := false;
  first_trade := false;
  entry_count := 0;

  SELECT b.account_id, b.balance INTO STRICT v_cash_account, v_cash
    FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = p_user AND a.purpose = 'customer' AND a.asset = 'BERRY'
    FOR UPDATE OF b;
  v_now := date_trunc('milliseconds', clock_timestamp());

  SELECT * INTO v_known FROM idempotency_keys k
    WHERE k.user_id = p_user AND k.key = p_key AND k.created_at > v_now - interval '24 hours';
  IF FOUND THEN
    IF v_known.request <> p_request THEN
      outcome := 'key_reused';
      RETURN;
    END IF;
    outcome := v_known.outcome;
    replayed := true;
    status := v_known.status;
    body := v_known.body;
    RETURN;
  END IF;

  SELECT a.id, b.balance INTO v_share_account, v_shares
    FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = p_user AND a.purpose = 'customer' AND a.asset = p_character;
  v_shares := coalesce(v_shares, 0);

  IF v_dealing_shares IS NULL OR p_character = 'BERRY' THEN
    outcome := 'unknown_character';
    status := 404;
    v_title := 'Unknown character';
    v_detail := format('No character has the id %s. GET /api/characters lists them.', to_json(p_character));
  ELSIF p_price IS NULL THEN
    outcome := 'no_price';
    RETURN;
  ELSIF v_cost > v_cash THEN
    outcome := 'insufficient_funds';
    status := 409;
    v_title := 'Insufficient funds';
    v_detail := format('%s %s shares takes %s cents (commission %s); the account holds %s.',
      CASE p_action WHEN 'buy' THEN 'Buying' ELSE 'Selling' END, p_quantity, v_cost, p_commission, v_cash);
  ELSIF p_action = 'sell' AND p_quantity > v_shares THEN
    outcome := 'insufficient_holding';
    status := 409;
    v_title := 'Insufficient holding';
    v_detail := format('Selling %s shares was asked for; the account holds %s.', p_quantity, v_shares);
  ELSE
    outcome := 'executed';
    status := 201;
  END IF;

  IF outcome = 'executed' THEN
    IF v_share_account IS NULL THEN
      INSERT INTO accounts (user_id, purpose, asset) VALUES (p_user, 'customer', p_character)
        RETURNING id INTO v_share_account;
    END IF;

    v_transfer := post_transfer('trade',
      ARRAY[v_cash_account, v_dealing_cash, house_account('commission', 'BERRY'), v_share_account, v_dealing_shares],
      ARRAY[-v_cost, v_sign * v_amount, p_commission, v_sign * p_quantity, -v_sign * p_quantity]);
    entry_count := 5 - (v_cost = 0)::integer;
    v_cash := v_cash - v_cost;
    v_shares := v_shares + v_sign * p_quantity;

    INSERT INTO trades (user_id, character_id, action, quantity, price, amount, commission, transfer_id, executed_at)
      VALUES (p_user, p_character, p_action, p_quantity, p_price, v_amount, p_commission, v_transfer, v_now)
      RETURNING id INTO trade_id;

    UPDATE users SET first_traded_at = v_now WHERE id = p_user AND first_traded_at IS NULL;
    first_trade := FOUND;

    INSERT INTO outbox (topic, payload, carrier)
      VALUES ('trade-confirmation', jsonb_build_object('tradeId', trade_id::text), p_carrier);

    body := json_build_object(
      'trade', json_build_object(
        'id', trade_id::text, 'characterId', p_character, 'action', p_action, 'quantity', p_quantity, 'price', p_price,
        'amount', v_amount, 'commission', p_commission,
        'executedAt', to_char(v_now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
      'cash', v_cash,
      'quantity', v_shares);
  ELSE
    body := json_build_object(
      'type', '/problems/' || replace(outcome, '_', '-'), 'title', v_title, 'status', status, 'detail', v_detail,
      'instance', p_instance, 'requestId', p_request_id);
  END IF;

  -- A key older than 24 hours that housekeeping has not yet removed is as good as unused.
  INSERT INTO idempotency_keys AS k (user_id, key, request, outcome, status, body, created_at)
    VALUES (p_user, p_key, p_request, execute_trade.outcome, execute_trade.status, execute_trade.body, v_now)
    ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request, outcome = excluded.outcome,
      status = excluded.status, body = excluded.body, created_at = excluded.created_at;
END $$;
