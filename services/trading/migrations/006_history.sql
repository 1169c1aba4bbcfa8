-- The market's memory: what a board of quotes has besides prices, and price history as candles.

-- `open` is null only in samples older than this migration; `round` counts rounds of quotes since the market first opened.
ALTER TABLE quotes
  ADD COLUMN open bigint CHECK (open > 0),
  ADD COLUMN halted_until timestamptz,
  ADD COLUMN round bigint NOT NULL DEFAULT 0;

-- 1,200 samples come and go a minute: vacuumed every few minutes, or the table would grow by a fifth before it is.
ALTER TABLE quotes SET (autovacuum_vacuum_scale_factor = 0.05);

-- Price history: the first, highest, lowest and last sampled price of each minute, hour and day (UTC). Minutes are kept for
-- 2 days, hours for 90, days for good. The newest candle of each interval changes every second: the half of each page that is
-- left free lets it do so in place (HOT), without an entry in the index and without waiting for a vacuum.
CREATE TABLE candles (
  character_id text NOT NULL,
  interval text NOT NULL CHECK (interval IN ('1m', '1h', '1d')),
  starts_at timestamptz NOT NULL,
  open bigint NOT NULL,
  high bigint NOT NULL,
  low bigint NOT NULL CHECK (low > 0),
  close bigint NOT NULL,
  PRIMARY KEY (character_id, interval, starts_at),
  CHECK (low <= least(open, close) AND high >= greatest(open, close))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Candles follow the samples, so there is nothing to roll up later and nothing to miss: samples come in the order of their
-- time (one out of order is not saved), and one that is saved twice fires this once. Ordered, because two leaders may meet for
-- a moment, and must not wait for each other.
CREATE FUNCTION follow_samples() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO candles AS c (character_id, interval, starts_at, open, high, low, close)
    SELECT s.character_id, i.name, date_trunc(i.unit, s.quoted_at, 'UTC'),
        (array_agg(s.last ORDER BY s.quoted_at))[1], max(s.last), min(s.last),
        (array_agg(s.last ORDER BY s.quoted_at DESC))[1]
      FROM new_samples s CROSS JOIN (VALUES ('1m', 'minute'), ('1h', 'hour'), ('1d', 'day')) AS i (name, unit)
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (character_id, interval, starts_at) DO UPDATE
      SET high = greatest(c.high, excluded.high), low = least(c.low, excluded.low), close = excluded.close;
  RETURN NULL;
END $$;

CREATE TRIGGER candles_follow_samples AFTER INSERT ON quotes
  REFERENCING NEW TABLE AS new_samples
  EXECUTE FUNCTION follow_samples();
