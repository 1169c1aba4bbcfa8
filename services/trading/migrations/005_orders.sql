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
