-- A customer's day, in UTC. Kept once the day is over, because it can then no longer change: every entry gets its time under the
-- customer's lock, and a statement is made under it too.
--   adjustments  cash that came or went otherwise: the starting credit, corrections
--   holdings     shares at the day's close: [{"characterId": …, "quantity": …}]
CREATE TABLE statements (
  user_id uuid NOT NULL REFERENCES users,
  day date NOT NULL,
  opening_cash bigint NOT NULL,
  bought bigint NOT NULL,
  sold bigint NOT NULL,
  commission bigint NOT NULL,
  deposits bigint NOT NULL,
  withdrawals bigint NOT NULL,
  adjustments bigint NOT NULL,
  closing_cash bigint NOT NULL,
  realised_profit bigint NOT NULL,
  trades bigint NOT NULL,
  holdings jsonb NOT NULL,
  PRIMARY KEY (user_id, day),
  CONSTRAINT statement_adds_up CHECK
    (closing_cash = opening_cash - bought + sold - commission + deposits - withdrawals + adjustments)
);

CREATE TRIGGER statements_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON statements
  EXECUTE FUNCTION refuse_change('a day that is over has one statement');

-- The statement of a day as things are now. It goes back from today's balances by the entries since, so it reads no more of a
-- customer's history than that. STABLE: all of it sees one state of the books.
CREATE FUNCTION compute_statement(p_user uuid, p_day date) RETURNS statements LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_from timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
  v_to timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
  s statements;
BEGIN
  s.user_id := p_user;
  s.day := p_day;

  WITH closing AS (
    SELECT a.asset, sum(b.balance - coalesce(
        (SELECT sum(e.amount) FROM entries e WHERE e.account_id = a.id AND e.created_at >= v_to), 0))::bigint AS balance
      FROM accounts a JOIN balances b ON b.account_id = a.id
      WHERE a.user_id = p_user GROUP BY a.asset
  )
  SELECT coalesce(sum(balance) FILTER (WHERE asset = 'BERRY'), 0),
      coalesce(jsonb_agg(jsonb_build_object('characterId', asset, 'quantity', balance) ORDER BY asset)
        FILTER (WHERE asset <> 'BERRY' AND balance > 0), '[]')
    INTO s.closing_cash, s.holdings FROM closing;

  SELECT coalesce(sum(amount) FILTER (WHERE action = 'buy'), 0), coalesce(sum(amount) FILTER (WHERE action = 'sell'), 0),
      coalesce(sum(t.commission), 0), coalesce(sum(t.realised_profit), 0), count(*)
    INTO s.bought, s.sold, s.commission, s.realised_profit, s.trades
    FROM trades t WHERE user_id = p_user AND executed_at >= v_from AND executed_at < v_to;

  -- What came from the gateway was deposited, and what went to be paid out was withdrawn, whatever its transfer is called.
  WITH moved AS (
    SELECT e.transfer_id, e.amount FROM accounts a JOIN entries e ON e.account_id = a.id
      WHERE a.user_id = p_user AND a.asset = 'BERRY' AND e.created_at >= v_from AND e.created_at < v_to
  ), paid AS (
    SELECT a.purpose, e.amount FROM (SELECT DISTINCT transfer_id FROM moved) m
      JOIN entries e ON e.transfer_id = m.transfer_id
      JOIN accounts a ON a.id = e.account_id AND a.purpose IN ('gateway', 'payouts')
  )
  SELECT s.closing_cash - (SELECT coalesce(sum(amount), 0) FROM moved),
      coalesce(-sum(amount) FILTER (WHERE purpose = 'gateway'), 0), coalesce(sum(amount) FILTER (WHERE purpose = 'payouts'), 0)
    INTO s.opening_cash, s.deposits, s.withdrawals FROM paid;

  s.adjustments := s.closing_cash - s.opening_cash + s.bought - s.sold + s.commission - s.deposits + s.withdrawals;
  RETURN s;
END $$;

-- Makes and keeps the statement of a day that is over, once; whether it did.
CREATE FUNCTION keep_statement(p_user uuid, p_day date) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_customer(p_user);
  IF p_day >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION 'the day % is not over', p_day USING ERRCODE = 'restrict_violation';
  END IF;
  INSERT INTO statements SELECT * FROM compute_statement(p_user, p_day) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;
