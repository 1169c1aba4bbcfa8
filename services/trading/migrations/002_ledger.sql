-- The double-entry ledger. What must always hold is enforced here, for whoever writes:
--   * the entries of every transfer sum to zero per asset;
--   * entries and transfers are never changed or deleted; a correction is a new transfer;
--   * a customer's balance is the sum of that account's entries, and never negative.
-- Amounts are whole numbers: cents for BERRY, shares for characters.

CREATE TABLE assets (
  id text PRIMARY KEY
);

INSERT INTO assets (id) VALUES ('BERRY');

-- One owner, one asset, one purpose. The house's accounts have no user.
--   customer    what a customer can spend or sell
--   dealing     the house's side of every trade; negative in shares, because the house issues them
--   commission  what the house earns on trades
--   promotion   what the house gives away, such as the starting credit
CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid REFERENCES users,
  purpose text NOT NULL CHECK (purpose IN ('customer', 'dealing', 'commission', 'promotion')),
  asset text NOT NULL REFERENCES assets,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((purpose = 'customer') = (user_id IS NOT NULL))
);

CREATE UNIQUE INDEX accounts_of_customers ON accounts (user_id, purpose, asset) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX accounts_of_house ON accounts (purpose, asset) WHERE user_id IS NULL;

-- Customers' accounts only. The house's would be one row that every trade in the system waits for; they are summed from
-- the entries instead. Room is left in the pages because a balance is updated with every trade.
CREATE TABLE balances (
  account_id bigint PRIMARY KEY REFERENCES accounts,
  balance bigint NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0)
) WITH (fillfactor = 70);

CREATE TABLE transfers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- `account_id` has no foreign key on purpose: it would take a share lock on the house's account rows in every trade of
-- every customer. The trigger below checks the same thing, and accounts cannot be deleted.
CREATE TABLE entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id bigint NOT NULL REFERENCES transfers,
  account_id bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0)
);

CREATE INDEX entries_transfer_id ON entries (transfer_id);
CREATE INDEX entries_account_id ON entries (account_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entries_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
  EXECUTE FUNCTION refuse_change('entries are final, correct them by a new transfer');
CREATE TRIGGER transfers_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
  EXECUTE FUNCTION refuse_change('transfers are final, correct them by a new transfer');
CREATE TRIGGER accounts_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts
  EXECUTE FUNCTION refuse_change('accounts are never changed or closed');

-- A balance moves only with entries: a statement at depth 0 is one that no trigger of ours issued.
CREATE TRIGGER balances_follow_entries BEFORE INSERT OR UPDATE OR DELETE ON balances
  WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse_change('balances follow the entries, post a transfer');
CREATE TRIGGER balances_are_not_emptied BEFORE TRUNCATE ON balances
  EXECUTE FUNCTION refuse_change('balances follow the entries, post a transfer');

CREATE FUNCTION open_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO balances (account_id, balance) VALUES (NEW.id, 0);
  RETURN NULL;
END $$;

CREATE TRIGGER customer_account_has_balance AFTER INSERT ON accounts
  FOR EACH ROW WHEN (NEW.purpose = 'customer')
  EXECUTE FUNCTION open_balance();

-- Runs once a statement, not once a row: all entries of a transfer must be inserted by one statement, and are then
-- checked and applied together.
CREATE FUNCTION apply_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bad record;
BEGIN
  SELECT e.account_id INTO bad FROM new_entries e
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = e.account_id) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'account % does not exist', bad.account_id USING ERRCODE = 'foreign_key_violation';
  END IF;

  SELECT e.transfer_id, a.asset, sum(e.amount) AS total INTO bad
    FROM new_entries e JOIN accounts a ON a.id = e.account_id
    GROUP BY e.transfer_id, a.asset HAVING sum(e.amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % does not balance: its entries in % sum to %, not 0', bad.transfer_id, bad.asset, bad.total
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_balances';
  END IF;

  UPDATE balances b SET balance = b.balance + moved.amount
    FROM (SELECT account_id, sum(amount)::bigint AS amount FROM new_entries GROUP BY account_id) moved
    WHERE b.account_id = moved.account_id;
  RETURN NULL;
END $$;

CREATE TRIGGER entries_balance_and_apply AFTER INSERT ON entries
  REFERENCING NEW TABLE AS new_entries
  EXECUTE FUNCTION apply_entries();

-- Posts one transfer; amounts of 0 are left out (a sale whose proceeds the commission uses up moves no cash).
CREATE FUNCTION post_transfer(p_kind text, p_accounts bigint[], p_amounts bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_transfer bigint;
BEGIN
  INSERT INTO transfers (kind) VALUES (p_kind) RETURNING id INTO v_transfer;
  INSERT INTO entries (transfer_id, account_id, amount)
    SELECT v_transfer, line.account_id, line.amount
    FROM unnest(p_accounts, p_amounts) AS line (account_id, amount) WHERE line.amount <> 0;
  RETURN v_transfer;
END $$;

CREATE FUNCTION house_account(p_purpose text, p_asset text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT id FROM accounts WHERE purpose = p_purpose AND asset = p_asset AND user_id IS NULL
$$;

INSERT INTO accounts (purpose, asset) VALUES ('dealing', 'BERRY'), ('commission', 'BERRY'), ('promotion', 'BERRY');

-- Recomputed from the entries alone, for `npm run audit` and the gauge ledger_imbalance: every way in which the books can
-- be wrong, by asset; no row means that they are right.
CREATE VIEW ledger_differences AS
  SELECT a.asset, 'transfer ' || e.transfer_id AS subject, 0::numeric AS expected, sum(e.amount) AS found
    FROM entries e JOIN accounts a ON a.id = e.account_id
    GROUP BY a.asset, e.transfer_id HAVING sum(e.amount) <> 0
  UNION ALL
  SELECT a.asset, 'balance of account ' || a.id, coalesce(e.total, 0), b.balance
    FROM balances b JOIN accounts a ON a.id = b.account_id
    LEFT JOIN (SELECT account_id, sum(amount) AS total FROM entries GROUP BY account_id) e ON e.account_id = a.id
    WHERE b.balance <> coalesce(e.total, 0);
