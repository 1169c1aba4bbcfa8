-- Accounts for what orders hold back and for what comes and goes through the card gateway.
--   customer      what a customer can spend or sell
--   reserved      what a customer's open orders hold back, of the same asset
--   dealing       the house's side of every trade; negative in shares, because the house issues them
--   commission    what the house earns on trades
--   promotion     what the house gives away, such as the starting credit
--   gateway       what is with the card gateway: the other side of deposits, withdrawals and subscription charges
--   payouts       withdrawals under way: no longer the customer's, not yet out of the house
--   subscription  what the house earns on the real-time plan
ALTER TABLE accounts
  DROP CONSTRAINT accounts_purpose_check,
  DROP CONSTRAINT accounts_check,
  ADD CONSTRAINT accounts_purpose_check CHECK (purpose IN
    ('customer', 'reserved', 'dealing', 'commission', 'promotion', 'gateway', 'payouts', 'subscription')),
  ADD CONSTRAINT accounts_owner_check CHECK ((purpose IN ('customer', 'reserved')) = (user_id IS NOT NULL));

INSERT INTO accounts (purpose, asset) VALUES ('gateway', 'BERRY'), ('payouts', 'BERRY'), ('subscription', 'BERRY');

-- A reserve has a balance row too, so that the database lets nobody take more out of it than is in it.
DROP TRIGGER customer_account_has_balance ON accounts;
CREATE TRIGGER account_of_customer_has_balance AFTER INSERT ON accounts
  FOR EACH ROW WHEN (NEW.user_id IS NOT NULL)
  EXECUTE FUNCTION open_balance();

-- Takes the customer's lock, the row of their cash balance, until the transaction ends, and gives what they can spend. Whatever
-- moves a customer's money or shares takes it first: it runs alone, those of different customers meet in no row, and there is no
-- order of locks in which two could wait for each other.
CREATE FUNCTION lock_customer(p_user uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_cash bigint;
BEGIN
  SELECT b.balance INTO STRICT v_cash FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = p_user AND a.purpose = 'customer' AND a.asset = 'BERRY' FOR UPDATE OF b;
  RETURN v_cash;
END $$;

-- A customer's account, opened when it is first needed; whoever calls holds the customer's lock.
CREATE FUNCTION customer_account(p_user uuid, p_purpose text, p_asset text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_account bigint;
BEGIN
  SELECT id INTO v_account FROM accounts WHERE user_id = p_user AND purpose = p_purpose AND asset = p_asset;
  IF NOT FOUND THEN
    INSERT INTO accounts (user_id, purpose, asset) VALUES (p_user, p_purpose, p_asset) RETURNING id INTO v_account;
  END IF;
  RETURN v_account;
END $$;

-- When an entry was posted, on the entry itself: a statement sums a customer's day by it. It is the clock's time and not the
-- transaction's, which may have begun before it waited for the customer's lock: of one customer's entries none gets a time
-- before that of an earlier one, and so a day that is over stays as it is.
ALTER TABLE entries ADD COLUMN created_at timestamptz;
ALTER TABLE entries DISABLE TRIGGER entries_are_final;
UPDATE entries e SET created_at = t.created_at FROM transfers t WHERE t.id = e.transfer_id;
ALTER TABLE entries ENABLE TRIGGER entries_are_final;
ALTER TABLE entries ALTER COLUMN created_at SET DEFAULT clock_timestamp(), ALTER COLUMN created_at SET NOT NULL;
DROP INDEX entries_account_id;
CREATE INDEX entries_of_account ON entries (account_id, created_at);

-- As before, and at a time that the caller may give, so that a trade and its entries fall on the same day.
DROP FUNCTION post_transfer(text, bigint[], bigint[]);
CREATE FUNCTION post_transfer(
  p_kind text, p_accounts bigint[], p_amounts bigint[], p_at timestamptz DEFAULT clock_timestamp()
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_transfer bigint;
BEGIN
  INSERT INTO transfers (kind, created_at) VALUES (p_kind, p_at) RETURNING id INTO v_transfer;
  INSERT INTO entries (transfer_id, account_id, amount, created_at)
    SELECT v_transfer, line.account_id, line.amount, p_at
    FROM unnest(p_accounts, p_amounts) AS line (account_id, amount) WHERE line.amount <> 0;
  RETURN v_transfer;
END $$;

-- Only execute_trade has an outcome of its own, which its metrics and spans tell.
ALTER TABLE idempotency_keys ALTER COLUMN outcome DROP NOT NULL;

-- The commission on trades of p_amount cents in all: 0.1 %, rounded half up to the cent, at least 1 cent.
CREATE FUNCTION commission_on(p_amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_amount WHEN 0 THEN 0 ELSE greatest(1, (p_amount + 500) / 1000) END
$$;

-- What an order must hold back so that the rest of it can be filled, whatever the quotes: shares of a sale; of a purchase the
-- cents for the rest at its limit, with the commission that all its fills then cost together less what they have cost so far.
CREATE FUNCTION order_reserve(p_side text, p_limit_price bigint, p_remaining bigint, p_amount bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_side = 'sell' THEN p_remaining
    WHEN p_remaining = 0 THEN 0
    ELSE p_limit_price * p_remaining + commission_on(p_amount + p_limit_price * p_remaining) - commission_on(p_amount)
  END
$$;

-- Limit orders: each rests until the quote reaches its limit. (A market order is done at once and leaves a trade; an order that is
-- refused leaves no row, its answer is kept under its key.)
--   filled, cancelled  shares; what is neither is `remaining`
--   amount             cents of all fills so far, without commission
--   commission         on them together, so that many small fills cost no more than one
--   reserved           what is held back for the rest: cents when buying, shares when selling; follows from the others
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users,
  character_id text NOT NULL REFERENCES characters,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
  limit_price bigint NOT NULL CHECK (limit_price BETWEEN 1 AND 1000000000),
  filled bigint NOT NULL DEFAULT 0 CHECK (filled >= 0),
  cancelled bigint NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
  remaining bigint NOT NULL GENERATED ALWAYS AS (quantity - filled - cancelled) STORED
    CONSTRAINT order_not_overfilled CHECK (quantity - filled - cancelled >= 0),
  amount bigint NOT NULL DEFAULT 0 CHECK ((amount = 0) = (filled = 0)),
  commission bigint NOT NULL GENERATED ALWAYS AS (commission_on(amount)) STORED,
  reserved bigint NOT NULL
    GENERATED ALWAYS AS (order_reserve(side, limit_price, quantity - filled - cancelled, amount)) STORED,
  status text NOT NULL DEFAULT 'open',
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  -- No fill is worse than the limit.
  CONSTRAINT order_within_limit
    CHECK (CASE side WHEN 'buy' THEN amount <= limit_price * filled ELSE amount >= limit_price * filled END),
  CONSTRAINT order_status_fits CHECK (CASE status
    WHEN 'open' THEN filled = 0 AND cancelled = 0
    WHEN 'partially_filled' THEN filled BETWEEN 1 AND quantity - 1 AND cancelled = 0
    WHEN 'filled' THEN filled = quantity
    WHEN 'cancelled' THEN cancelled > 0 AND filled + cancelled = quantity
    WHEN 'expired' THEN cancelled > 0 AND filled + cancelled = quantity
    ELSE false END),
  CONSTRAINT order_closed_fits CHECK ((closed_at IS NULL) = (status IN ('open', 'partially_filled')))
);

-- Price before time, as the fills go.
CREATE INDEX orders_buying ON orders (character_id, limit_price DESC, id) WHERE closed_at IS NULL AND side = 'buy';
CREATE INDEX orders_selling ON orders (character_id, limit_price, id) WHERE closed_at IS NULL AND side = 'sell';
CREATE INDEX orders_expiring ON orders (expires_at) WHERE closed_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_of_user_by_status ON orders (user_id, status, id);

-- An order begins open and unfilled, goes forward only, and once closed stays as it is.
CREATE FUNCTION order_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_wrong text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    v_wrong := CASE WHEN NEW.status <> 'open' THEN 'it begins open' END;
  ELSE
    v_wrong := CASE
      WHEN OLD.closed_at IS NOT NULL THEN 'it is closed'
      WHEN (OLD.id, OLD.user_id, OLD.character_id, OLD.side, OLD.quantity, OLD.limit_price, OLD.created_at)
        IS DISTINCT FROM (NEW.id, NEW.user_id, NEW.character_id, NEW.side, NEW.quantity, NEW.limit_price, NEW.created_at)
        OR OLD.expires_at IS DISTINCT FROM NEW.expires_at THEN 'what was ordered is final'
      WHEN NEW.filled < OLD.filled OR NEW.amount < OLD.amount THEN 'what is filled is final'
    END;
  END IF;
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION '% of order % is refused: %', TG_OP, NEW.id, v_wrong USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER orders_go_forward BEFORE INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION order_goes_forward();
CREATE TRIGGER orders_stay BEFORE DELETE OR TRUNCATE ON orders
  EXECUTE FUNCTION refuse_change('an order is cancelled, never deleted');

-- The reserve follows the order, whoever writes it: what an order holds back goes from the customer's account to their reserve
-- of the same asset, and what it no longer needs goes back. A balance is never negative, so no share and no cent is held twice.
CREATE FUNCTION hold_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_asset text := CASE NEW.side WHEN 'buy' THEN 'BERRY' ELSE NEW.character_id END;
  v_change bigint := NEW.reserved - coalesce(OLD.reserved, 0);
BEGIN
  IF v_change <> 0 THEN
    PERFORM post_transfer('reserve',
      ARRAY[customer_account(NEW.user_id, 'customer', v_asset), customer_account(NEW.user_id, 'reserved', v_asset)],
      ARRAY[-v_change, v_change]);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER orders_hold_reserve AFTER INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION hold_reserve();

-- What a customer has of a character, at what cost, and what selling it has brought. Average cost basis, in whole cents:
--   quantity         shares, also those that open orders hold back
--   cost             paid for them, with the commission
--   realised_profit  of all sales: proceeds after commission less the cost of what was sold
-- so that over all positions realised_profit + (quantity * bid - cost) is what the customer has now less what they brought.
CREATE TABLE positions (
  user_id uuid NOT NULL REFERENCES users,
  character_id text NOT NULL REFERENCES characters,
  quantity bigint NOT NULL CHECK (quantity >= 0),
  cost bigint NOT NULL CHECK ((cost > 0) = (quantity > 0) AND cost >= 0),
  realised_profit bigint NOT NULL,
  PRIMARY KEY (user_id, character_id)
) WITH (fillfactor = 70);

CREATE TRIGGER positions_follow_trades BEFORE INSERT OR UPDATE OR DELETE ON positions
  WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse_change('positions follow the trades');
CREATE TRIGGER positions_are_not_emptied BEFORE TRUNCATE ON positions
  EXECUTE FUNCTION refuse_change('positions follow the trades');

-- The fill of a limit order has an order, a market order has none. The commission of a later fill may be 0, because that of an
-- order is counted over all its fills.
ALTER TABLE trades
  DROP CONSTRAINT trades_commission_check,
  ADD COLUMN order_id bigint REFERENCES orders,
  ADD COLUMN realised_profit bigint NOT NULL DEFAULT 0,
  ADD CONSTRAINT trades_commission_check CHECK (commission > 0 OR (commission = 0 AND order_id IS NOT NULL));
ALTER TABLE trades ALTER COLUMN realised_profit DROP DEFAULT;

CREATE INDEX trades_of_user_in_character ON trades (user_id, character_id, id DESC);
CREATE INDEX trades_of_user_by_time ON trades (user_id, executed_at);

-- A sale takes its part of the position's cost, rounded down, and the sale of the last share all that is left of it.
CREATE FUNCTION move_position() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_position positions;
  v_cost bigint;
BEGIN
  IF NEW.action = 'buy' THEN
    INSERT INTO positions AS p (user_id, character_id, quantity, cost, realised_profit)
      VALUES (NEW.user_id, NEW.character_id, NEW.quantity, NEW.amount + NEW.commission, 0)
      ON CONFLICT (user_id, character_id) DO UPDATE
        SET quantity = p.quantity + excluded.quantity, cost = p.cost + excluded.cost;
    NEW.realised_profit := 0;
  ELSE
    SELECT * INTO STRICT v_position FROM positions
      WHERE user_id = NEW.user_id AND character_id = NEW.character_id FOR UPDATE;
    -- As numeric, because the product may be beyond 2^63.
    v_cost := div(v_position.cost::numeric * NEW.quantity, greatest(v_position.quantity, 1));
    NEW.realised_profit := NEW.amount - NEW.commission - v_cost;
    UPDATE positions
      SET quantity = quantity - NEW.quantity, cost = cost - v_cost, realised_profit = realised_profit + NEW.realised_profit
      WHERE user_id = NEW.user_id AND character_id = NEW.character_id;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER trades_move_positions BEFORE INSERT ON trades
  FOR EACH ROW EXECUTE FUNCTION move_position();

-- Trades of before are booked once more, in their order, and so get their positions.
ALTER TABLE trades DISABLE TRIGGER trades_are_final;
CREATE TEMPORARY TABLE booked ON COMMIT DROP AS SELECT * FROM trades;
DELETE FROM trades;
INSERT INTO trades OVERRIDING SYSTEM VALUE SELECT * FROM booked ORDER BY id;
ALTER TABLE trades ENABLE TRIGGER trades_are_final;

-- What every trade is, of a market order and of a limit order: the ledger, the trade, the position and the message that leads
-- to the confirmation. Whoever calls holds the customer's lock and has seen that the customer has what it takes.
CREATE FUNCTION book_trade(
  p_user uuid, p_character text, p_action text, p_quantity bigint, p_price bigint, p_commission bigint, p_order bigint,
  p_now timestamptz, p_carrier jsonb,
  OUT trade_id bigint, OUT realised_profit bigint, OUT first_trade boolean, OUT entry_count integer
) LANGUAGE plpgsql AS $$
DECLARE
  v_sign integer := CASE p_action WHEN 'buy' THEN 1 ELSE -1 END;
  v_amount bigint := p_price * p_quantity;
  v_amounts bigint[] := ARRAY[
    -v_sign * v_amount - p_commission, v_sign * v_amount, p_commission, v_sign * p_quantity, -v_sign * p_quantity];
  v_transfer bigint;
BEGIN
  v_transfer := post_transfer('trade',
    ARRAY[
      customer_account(p_user, 'customer', 'BERRY'), house_account('dealing', 'BERRY'), house_account('commission', 'BERRY'),
      customer_account(p_user, 'customer', p_character), house_account('dealing', p_character)],
    v_amounts, p_now);
  entry_count := cardinality(array_remove(v_amounts, 0));

  INSERT INTO trades AS t
      (user_id, character_id, action, quantity, price, amount, commission, transfer_id, executed_at, order_id, realised_profit)
    VALUES (p_user, p_character, p_action, p_quantity, p_price, v_amount, p_commission, v_transfer, p_now, p_order, 0)
    RETURNING t.id, t.realised_profit INTO trade_id, realised_profit;

  UPDATE users SET first_traded_at = p_now WHERE id = p_user AND first_traded_at IS NULL;
  first_trade := FOUND;

  INSERT INTO outbox (topic, payload, carrier)
    VALUES ('trade-confirmation', jsonb_build_object('tradeId', trade_id::text), p_carrier);
END $$;

-- A market order, start to end in one round trip.
--
-- p_price is the quote's cents a share, or null when there is no quote to trade on: a known key is then still answered.
-- outcome: executed | insufficient_funds | insufficient_holding | unknown_character (these three are refusals, and kept),
--          no_price | key_reused (nothing is kept; the caller writes the answer).
--
-- The customer's lock lets one customer's orders run one after another; of two with one key the second finds the first's answer.
DROP FUNCTION execute_trade;
CREATE FUNCTION execute_trade(
  p_user uuid, p_key text, p_request bytea, p_character text, p_action text, p_quantity bigint,
  p_price bigint, p_quoted_at timestamptz, p_request_id text, p_instance text, p_carrier jsonb,
  OUT outcome text, OUT replayed boolean, OUT status integer, OUT body text,
  OUT trade_id bigint, OUT commission bigint, OUT realised_profit bigint, OUT first_trade boolean, OUT entry_count integer
) LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
  v_known idempotency_keys;
  v_cash bigint;
  v_shares bigint;
  v_amount bigint := p_price * p_quantity;
  v_cost bigint; -- negative: proceeds
  v_title text;
  v_detail text;
BEGIN
  replayed := false;
  first_trade := false;
  entry_count := 0;

  v_cash := lock_customer(p_user);
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

  SELECT b.balance INTO v_shares
    FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = p_user AND a.purpose = 'customer' AND a.asset = p_character;
  v_shares := coalesce(v_shares, 0);
  commission := commission_on(v_amount);
  v_cost := CASE p_action WHEN 'buy' THEN v_amount ELSE -v_amount END + commission;

  IF house_account('dealing', p_character) IS NULL OR p_character = 'BERRY' THEN
    outcome := 'unknown_character';
    status := 404;
    v_title := 'Unknown character';
    v_detail := format('No character has the id %s. GET /api/characters lists them.', to_json(p_character));
  ELSIF p_price IS NULL OR p_quoted_at < v_now - interval '3 seconds' THEN
    -- Looked at again here, because waiting for a connection and for the lock takes time.
    outcome := 'no_price';
    RETURN;
  ELSIF v_cost > v_cash THEN
    outcome := 'insufficient_funds';
    status := 409;
    v_title := 'Insufficient funds';
    v_detail := format('%s %s shares takes %s cents (commission %s); the account holds %s.',
      CASE p_action WHEN 'buy' THEN 'Buying' ELSE 'Selling' END, p_quantity, v_cost, commission, v_cash);
  ELSIF p_action = 'sell' AND p_quantity > v_shares THEN
    outcome := 'insufficient_holding';
    status := 409;
    v_title := 'Insufficient holding';
    v_detail := format('Selling %s shares was asked for; %s are free to be sold.', p_quantity, v_shares);
  ELSE
    outcome := 'executed';
    status := 201;
  END IF;

  IF outcome = 'executed' THEN
    SELECT * INTO trade_id, realised_profit, first_trade, entry_count
      FROM book_trade(p_user, p_character, p_action, p_quantity, p_price, commission, NULL, v_now, p_carrier);
    body := json_build_object(
      'trade', json_build_object(
        'id', trade_id::text, 'characterId', p_character, 'action', p_action, 'quantity', p_quantity, 'price', p_price,
        'amount', v_amount, 'commission', commission,
        'executedAt', to_char(v_now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
      'cash', v_cash - v_cost,
      'quantity', (SELECT quantity FROM positions WHERE user_id = p_user AND character_id = p_character));
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

-- Every change of an order leads to a message: ids only, whoever handles it looks the order up.
CREATE FUNCTION tell_of_order(p_order bigint, p_user uuid, p_trade bigint, p_carrier jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (topic, payload, carrier) VALUES ('order-event', jsonb_strip_nulls(jsonb_build_object(
    'orderId', p_order::text, 'userId', p_user, 'tradeId', p_trade::text)), p_carrier)
$$;

-- Places a limit order; whoever calls holds the customer's lock.
-- outcome: placed | unknown_character | too_many_orders | insufficient_funds | insufficient_holding
CREATE FUNCTION place_order(
  p_user uuid, p_character text, p_side text, p_quantity bigint, p_limit_price bigint, p_expires_at timestamptz,
  p_open_limit integer, p_carrier jsonb,
  OUT outcome text, OUT order_id bigint, OUT needed bigint, OUT available bigint
) LANGUAGE plpgsql AS $$
BEGIN
  needed := order_reserve(p_side, p_limit_price, p_quantity, 0);
  SELECT b.balance INTO available
    FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = p_user AND a.purpose = 'customer'
      AND a.asset = CASE p_side WHEN 'buy' THEN 'BERRY' ELSE p_character END;
  available := coalesce(available, 0);

  IF NOT EXISTS (SELECT FROM characters WHERE id = p_character) THEN
    outcome := 'unknown_character';
  ELSIF (SELECT count(*) FROM orders WHERE user_id = p_user AND status IN ('open', 'partially_filled')) >= p_open_limit THEN
    outcome := 'too_many_orders';
  ELSIF needed > available THEN
    outcome := CASE p_side WHEN 'buy' THEN 'insufficient_funds' ELSE 'insufficient_holding' END;
  ELSE
    outcome := 'placed';
    INSERT INTO orders (user_id, character_id, side, quantity, limit_price, expires_at, created_at)
      VALUES (p_user, p_character, p_side, p_quantity, p_limit_price, p_expires_at, date_trunc('milliseconds', clock_timestamp()))
      RETURNING id INTO order_id;
    PERFORM tell_of_order(order_id, p_user, NULL, p_carrier);
  END IF;
END $$;

-- Fills up to p_quantity shares of an order at the quote's p_price. The reserve goes back as far as the rest does not need it, and
-- the customer pays from that as for any trade.
-- outcome: filled | partially_filled
--          | closed | expired | not_crossing | stale_price (a quote older than 3 seconds), and nothing is changed
--          | busy: the customer does something else at this moment; not waited for, so that one does not hold up the others
CREATE FUNCTION fill_order(
  p_order bigint, p_price bigint, p_quantity bigint, p_quoted_at timestamptz, p_carrier jsonb,
  OUT outcome text, OUT trade_id bigint, OUT quantity bigint, OUT amount bigint, OUT commission bigint,
  OUT realised_profit bigint, OUT first_trade boolean, OUT entry_count integer
) LANGUAGE plpgsql AS $$
DECLARE
  v_order orders;
  v_now timestamptz;
BEGIN
  PERFORM FROM accounts a JOIN balances b ON b.account_id = a.id
    WHERE a.user_id = (SELECT user_id FROM orders WHERE id = p_order) AND a.purpose = 'customer' AND a.asset = 'BERRY'
    FOR UPDATE OF b SKIP LOCKED;
  IF NOT FOUND THEN
    outcome := 'busy';
    RETURN;
  END IF;
  v_now := date_trunc('milliseconds', clock_timestamp());

  SELECT * INTO STRICT v_order FROM orders WHERE id = p_order FOR UPDATE;
  outcome := CASE
    WHEN v_order.closed_at IS NOT NULL THEN 'closed'
    WHEN v_order.expires_at <= v_now THEN 'expired'
    WHEN p_quoted_at < v_now - interval '3 seconds' THEN 'stale_price'
    WHEN v_order.side = 'buy' AND p_price > v_order.limit_price THEN 'not_crossing'
    WHEN v_order.side = 'sell' AND p_price < v_order.limit_price THEN 'not_crossing'
    WHEN p_quantity < v_order.remaining THEN 'partially_filled'
    ELSE 'filled'
  END;
  IF outcome NOT IN ('filled', 'partially_filled') THEN
    RETURN;
  END IF;

  quantity := least(p_quantity, v_order.remaining);
  amount := p_price * quantity;
  UPDATE orders o
    SET filled = o.filled + fill_order.quantity, amount = o.amount + fill_order.amount, status = outcome,
      closed_at = CASE outcome WHEN 'filled' THEN v_now END
    WHERE o.id = p_order
    RETURNING o.commission - v_order.commission INTO commission;
  SELECT * INTO trade_id, realised_profit, first_trade, entry_count
    FROM book_trade(v_order.user_id, v_order.character_id, v_order.side, quantity, p_price, commission, p_order, v_now, p_carrier);
  entry_count := entry_count + 2; -- the reserve's
  PERFORM tell_of_order(p_order, v_order.user_id, trade_id, p_carrier);
END $$;

-- Closes an order before it is filled: p_status is `cancelled`, or `expired` when its time has come. What it held goes back.
-- Whether it did; not when the order is closed already, is no order of this customer, or has time left.
CREATE FUNCTION close_order(p_user uuid, p_order bigint, p_status text, p_carrier jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz;
BEGIN
  PERFORM lock_customer(p_user);
  v_now := date_trunc('milliseconds', clock_timestamp());
  UPDATE orders SET status = p_status, cancelled = remaining, closed_at = v_now
    WHERE id = p_order AND user_id = p_user AND closed_at IS NULL AND (p_status = 'cancelled' OR expires_at <= v_now);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM tell_of_order(p_order, p_user, NULL, p_carrier);
  RETURN true;
END $$;
