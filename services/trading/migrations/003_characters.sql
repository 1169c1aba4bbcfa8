-- What is traded, and its prices.
--   start_price  cents a share when the market first opens, and where the walk is drawn back to
--   volatility   standard deviation of the price's relative change over one hour

CREATE TABLE characters (
  id text PRIMARY KEY REFERENCES assets,
  name text NOT NULL,
  start_price bigint NOT NULL CHECK (start_price > 0),
  volatility double precision NOT NULL CHECK (volatility > 0)
);

CREATE TEMPORARY TABLE seed ON COMMIT DROP AS
  SELECT * FROM (VALUES
    ('isla-marrow',     'Isla Marrow, Captain of the Lantern',   125000, 0.06),
    ('old-tamsin',      'Old Tamsin, Navigator',                  88000, 0.04),
    ('dregan-holt',     'Dregan Holt, Admiral of the Grey',      142000, 0.03),
    ('pip-saltwhistle', 'Pip Saltwhistle, Cabin Hand',             4200, 0.12),
    ('brother-kelp',    'Brother Kelp, Ship''s Cook',            31000, 0.05),
    ('vesna-crake',     'Vesna Crake, Duellist',                  67500, 0.08),
    ('mortimer-gale',   'Mortimer Gale, Weather Reader',          23900, 0.07),
    ('the-quiet-twins', 'The Quiet Twins, Spies',                 54000, 0.09),
    ('ondine-farrow',   'Ondine Farrow, Pearl Diver',             18500, 0.06),
    ('gideon-rusk',     'Gideon Rusk, Gunner',                    27200, 0.05),
    ('sable-nine',      'Sable Nine, Smuggler',                   73000, 0.11),
    ('auntie-barnacle', 'Auntie Barnacle, Fence of Low Harbour',  39900, 0.04),
    ('corwin-ash',      'Corwin Ash, Cartographer',               46000, 0.05),
    ('jory-threadbare', 'Jory Threadbare, Sailmaker',              9800, 0.06),
    ('marisol-vane',    'Marisol Vane, Governor of Saint Brine',  98000, 0.03),
    ('the-bosun',       'The Bosun, whose name nobody asks',      35000, 0.05),
    ('nix-halloway',    'Nix Halloway, Card Player',              12600, 0.14),
    ('doc-wintergreen', 'Doc Wintergreen, Surgeon',               51000, 0.04),
    ('ysolde-the-tall', 'Ysolde the Tall, Harpooner',             61000, 0.07),
    ('captain-nobody',  'Captain Nobody, of the Empty Ship',     230000, 0.10)
  ) AS character (id, name, start_price, volatility);

INSERT INTO assets (id) SELECT id FROM seed;
INSERT INTO characters (id, name, start_price, volatility) SELECT id, name, start_price, volatility FROM seed;
INSERT INTO accounts (purpose, asset) SELECT 'dealing', id FROM seed;

-- One sample of all characters each second, for when Redis is away; the market's leader drops those older than an hour.
-- The key begins with the time, because the newest sample and the oldest ones are what is asked for.
CREATE TABLE quotes (
  quoted_at timestamptz NOT NULL,
  character_id text NOT NULL,
  bid bigint NOT NULL CHECK (bid > 0),
  ask bigint NOT NULL,
  last bigint NOT NULL CHECK (last > 0),
  PRIMARY KEY (quoted_at, character_id),
  CHECK (bid < ask)
);
