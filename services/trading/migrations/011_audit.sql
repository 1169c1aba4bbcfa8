-- The books are watched without being read as a whole: sums of the entries up to one that is settled, advanced now and then,
-- and only the entries after it are added up anew.
--   settled      sums hold every entry up to here, and no entry up to here is still to come
--   newest       the newest entry when they were last advanced
--   newest_seen  a transaction younger than every one that had an entry up to `newest`
--   swept        how far the sweep over the balances has come
CREATE TABLE ledger_checkpoint (
  settled bigint NOT NULL,
  newest bigint NOT NULL,
  newest_seen xid8 NOT NULL,
  swept bigint NOT NULL
);
CREATE UNIQUE INDEX ledger_checkpoint_is_one ON ledger_checkpoint ((true));
INSERT INTO ledger_checkpoint VALUES (0, 0, pg_current_xact_id(), 0);

CREATE TABLE ledger_account_sums (
  account_id bigint PRIMARY KEY,
  total bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE ledger_asset_sums (
  asset text PRIMARY KEY,
  total numeric NOT NULL
);

-- Balances that were found to be off their entries, by how much.
CREATE TABLE ledger_breaches (
  account_id bigint PRIMARY KEY,
  difference bigint NOT NULL
);

-- What is in the house's accounts: they have no balance rows. (A function and not a view, as the following: with the value of
-- `settled` at hand Postgres sees how few entries come after it.)
CREATE FUNCTION house_balances() RETURNS TABLE (purpose text, asset text, balance bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_settled bigint := (SELECT settled FROM ledger_checkpoint);
BEGIN
  RETURN QUERY
    WITH tail AS MATERIALIZED (
      SELECT e.account_id, sum(e.amount) AS total FROM entries e WHERE e.id > v_settled GROUP BY e.account_id
    )
    SELECT a.purpose, a.asset, (coalesce(s.total, 0) + coalesce(tail.total, 0))::bigint
      FROM accounts a
      LEFT JOIN ledger_account_sums s ON s.account_id = a.id
      LEFT JOIN tail ON tail.account_id = a.id
      WHERE a.user_id IS NULL;
END $$;

-- Advances the sums. An entry takes its id before its transaction ends, so below the newest entry there may be some that are not
-- to be seen yet; all of them belong to transactions that are older than one that begins to write after `newest` was looked up.
-- When that one and all before it have ended, `newest` is settled. Called as a statement of its own, so that it is no writer yet.
CREATE FUNCTION advance_ledger_sums() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_newest bigint := (SELECT coalesce(max(id), 0) FROM entries);
  v_self xid8 := pg_current_xact_id();
  v_upto bigint;
  c ledger_checkpoint;
BEGIN
  SELECT * INTO STRICT c FROM ledger_checkpoint FOR UPDATE;
  IF c.newest_seen > v_self THEN
    -- The database was restored in a cluster that counts its transactions from the beginning.
    UPDATE ledger_checkpoint SET newest_seen = v_self;
    RETURN;
  END IF;
  IF c.newest_seen > pg_snapshot_xmin(pg_current_snapshot()) THEN
    RETURN;
  END IF;

  -- In steps, so that a ledger that was loaded at once is taken in over a few calls.
  v_upto := least(c.newest, c.settled + 500000);
  INSERT INTO ledger_account_sums AS s (account_id, total)
    SELECT account_id, sum(amount) FROM entries WHERE id > c.settled AND id <= v_upto GROUP BY account_id
    ON CONFLICT (account_id) DO UPDATE SET total = s.total + excluded.total;
  INSERT INTO ledger_asset_sums AS s (asset, total)
    SELECT a.asset, sum(e.amount) FROM entries e JOIN accounts a ON a.id = e.account_id
      WHERE e.id > c.settled AND e.id <= v_upto GROUP BY a.asset
    ON CONFLICT (asset) DO UPDATE SET total = s.total + excluded.total;
  UPDATE ledger_checkpoint SET settled = v_upto;
  IF v_upto = c.newest THEN
    UPDATE ledger_checkpoint SET newest = greatest(c.newest, v_newest), newest_seen = v_self;
  END IF;
END $$;

-- By asset: how far the sum of all entries is off zero, plus how far balances are off their entries. It looks at all entries since
-- the sums, at every balance that they moved, at those found wrong before, and at the next p_balances of all balances, so that
-- also one that was changed past the entries is found in the end.
-- No sequential scan: while `balances` is small the planner would read all of it for a slice, and it shall not find out while it grows.
CREATE FUNCTION check_ledger(p_balances integer) RETURNS TABLE (asset text, imbalance numeric) LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
  c ledger_checkpoint;
  v_swept bigint;
  v_count bigint;
BEGIN
  SELECT * INTO STRICT c FROM ledger_checkpoint FOR UPDATE;
  SELECT max(account_id), count(*) INTO v_swept, v_count FROM (
    SELECT b.account_id FROM balances b WHERE b.account_id > c.swept ORDER BY b.account_id LIMIT p_balances) slice;
  UPDATE ledger_checkpoint SET swept = CASE WHEN v_count < p_balances THEN 0 ELSE v_swept END;

  WITH tail AS MATERIALIZED (
    SELECT e.account_id, sum(e.amount) AS total FROM entries e WHERE e.id > c.settled GROUP BY e.account_id
  ), looked AS (
    SELECT tail.account_id FROM tail
    UNION SELECT w.account_id FROM ledger_breaches w
    UNION SELECT b.account_id FROM balances b WHERE b.account_id > c.swept AND b.account_id <= v_swept
  ), found AS (
    SELECT b.account_id, b.balance - coalesce(s.total, 0) - coalesce(tail.total, 0) AS difference
      FROM looked JOIN balances b USING (account_id)
      LEFT JOIN ledger_account_sums s USING (account_id)
      LEFT JOIN tail USING (account_id)
  )
  MERGE INTO ledger_breaches w USING found f ON w.account_id = f.account_id
    WHEN MATCHED AND f.difference = 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET difference = f.difference
    WHEN NOT MATCHED AND f.difference <> 0 THEN INSERT VALUES (f.account_id, f.difference);

  RETURN QUERY
    WITH tail AS MATERIALIZED (
      SELECT a.asset, sum(e.amount) AS total FROM entries e JOIN accounts a ON a.id = e.account_id
        WHERE e.id > c.settled GROUP BY a.asset
    ), wrong AS (
      SELECT a.asset, sum(abs(w.difference)) AS total FROM ledger_breaches w JOIN accounts a ON a.id = w.account_id
        GROUP BY a.asset
    )
    SELECT known.id, abs(coalesce(s.total, 0) + coalesce(tail.total, 0)) + coalesce(wrong.total, 0)
      FROM assets known
      LEFT JOIN ledger_asset_sums s ON s.asset = known.id
      LEFT JOIN tail ON tail.asset = known.id
      LEFT JOIN wrong ON wrong.asset = known.id;
END $$;

-- The whole audit, from the entries alone: every way in which the books can be wrong, by asset; no row means that they are right.
CREATE OR REPLACE VIEW ledger_differences AS
  WITH totals AS MATERIALIZED (SELECT account_id, sum(amount) AS total FROM entries GROUP BY account_id),
  -- What each trade's transfer moved: to the customer in shares, to the house's dealing account and to its commission in cash.
  moved AS (
    SELECT t.id,
        coalesce(sum(e.amount) FILTER (WHERE a.user_id = t.user_id AND a.asset = t.character_id), 0) AS shares,
        coalesce(sum(e.amount) FILTER (WHERE a.purpose = 'dealing' AND a.asset = 'BERRY'), 0) AS amount,
        coalesce(sum(e.amount) FILTER (WHERE a.purpose = 'commission'), 0) AS commission,
        coalesce(sum(e.amount) FILTER (WHERE a.user_id = t.user_id AND a.asset = 'BERRY'), 0) AS cash
      FROM trades t LEFT JOIN entries e ON e.transfer_id = t.transfer_id LEFT JOIN accounts a ON a.id = e.account_id
      GROUP BY t.id
  ),
  traded AS (
    SELECT order_id, sum(quantity) AS filled, sum(amount) AS amount, sum(commission) AS commission
      FROM trades WHERE order_id IS NOT NULL GROUP BY order_id
  ),
  held AS (
    SELECT user_id, CASE side WHEN 'buy' THEN 'BERRY' ELSE character_id END AS asset, sum(reserved) AS total
      FROM orders WHERE closed_at IS NULL GROUP BY 1, 2
  ),
  owned AS (
    SELECT a.user_id, a.asset, sum(totals.total) AS shares
      FROM accounts a JOIN totals ON totals.account_id = a.id
      WHERE a.user_id IS NOT NULL AND a.asset <> 'BERRY' GROUP BY a.user_id, a.asset
  )
  SELECT a.asset, 'transfer ' || e.transfer_id AS subject, 0::numeric AS expected, sum(e.amount) AS found
    FROM entries e JOIN accounts a ON a.id = e.account_id
    GROUP BY a.asset, e.transfer_id HAVING sum(e.amount) <> 0
  UNION ALL
  SELECT a.asset, 'balance of account ' || a.id, coalesce(t.total, 0), b.balance
    FROM balances b JOIN accounts a ON a.id = b.account_id LEFT JOIN totals t ON t.account_id = a.id
    WHERE b.balance <> coalesce(t.total, 0)
  UNION ALL
  SELECT coalesce(a.asset, held.asset), 'reserve of customer ' || coalesce(a.user_id, held.user_id),
      coalesce(held.total, 0), coalesce(t.total, 0)
    FROM (SELECT * FROM accounts WHERE purpose = 'reserved') a
    FULL JOIN held ON held.user_id = a.user_id AND held.asset = a.asset LEFT JOIN totals t ON t.account_id = a.id
    WHERE coalesce(held.total, 0) <> coalesce(t.total, 0)
  UNION ALL
  SELECT coalesce(p.character_id, o.asset), 'position of customer ' || coalesce(p.user_id, o.user_id),
      coalesce(o.shares, 0), coalesce(p.quantity, 0)
    FROM positions p FULL JOIN owned o ON o.user_id = p.user_id AND o.asset = p.character_id
    WHERE coalesce(o.shares, 0) <> coalesce(p.quantity, 0)
  UNION ALL
  SELECT p.character_id, 'realised profit of customer ' || p.user_id, t.profit, p.realised_profit
    FROM positions p
    JOIN (SELECT user_id, character_id, sum(realised_profit) AS profit FROM trades GROUP BY user_id, character_id) t
      ON t.user_id = p.user_id AND t.character_id = p.character_id
    WHERE t.profit <> p.realised_profit
  UNION ALL
  SELECT o.character_id, line.name || ' of order ' || o.id, line.expected, line.found
    FROM orders o LEFT JOIN traded t ON t.order_id = o.id
    CROSS JOIN LATERAL (VALUES
      ('shares', coalesce(t.filled, 0), o.filled), ('amount', coalesce(t.amount, 0), o.amount),
      ('commission', coalesce(t.commission, 0), o.commission)) AS line (name, expected, found)
    WHERE line.expected <> line.found
  UNION ALL
  SELECT t.character_id, line.name || ' of trade ' || t.id, line.expected, line.found
    FROM trades t JOIN moved m ON m.id = t.id
    CROSS JOIN LATERAL (VALUES
      ('shares', m.shares, CASE t.action WHEN 'buy' THEN t.quantity ELSE -t.quantity END),
      ('amount', m.amount, CASE t.action WHEN 'buy' THEN t.amount ELSE -t.amount END),
      ('commission', m.commission, t.commission),
      ('cash', m.cash, CASE t.action WHEN 'buy' THEN -t.amount ELSE t.amount END - t.commission)) AS line (name, expected, found)
    WHERE line.expected <> line.found
  UNION ALL
  SELECT a.asset, 'settled sum of account ' || a.id, coalesce(e.total, 0), s.total
    FROM ledger_account_sums s JOIN accounts a ON a.id = s.account_id
    LEFT JOIN (
      SELECT account_id, sum(amount) AS total FROM entries WHERE id <= (SELECT settled FROM ledger_checkpoint) GROUP BY account_id
    ) e ON e.account_id = s.account_id
    WHERE s.total <> coalesce(e.total, 0);
