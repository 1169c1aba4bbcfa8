-- What customers read and say, and how they leave.

-- What the house thinks of each character. `private`: for subscribers to the real-time plan.
CREATE TABLE research (
  character_id text PRIMARY KEY REFERENCES characters,
  title text NOT NULL,
  body text NOT NULL,
  access text NOT NULL CHECK (access IN ('public', 'private')),
  published_at timestamptz NOT NULL
);

INSERT INTO research (character_id, access, published_at, title, body)
  SELECT character_id, access, date_trunc('hour', now()) - make_interval(days => days_ago), title, body
  FROM (VALUES
    ('isla-marrow', 'public', 41, 'The Lantern is lit, and priced accordingly',
      'Captain Marrow has brought the Lantern home from nine voyages running, seven of them with the crew she '
      'left with. The market has noticed. At this price a buyer pays for the tenth voyage, the eleventh, and a '
      'good part of the twelfth, none of which has been provisioned. We admire her seamanship and her habit of '
      'settling debts in daylight. We are less fond of the lamp on the foremast, which can be seen from every '
      'island that wishes her harm. Hold, and keep an eye on the weather; she does.'),
    ('old-tamsin', 'public', 63, 'Never lost, occasionally early',
      'Old Tamsin navigates by the stars, by the smell of the water, and by a notebook that nobody else can '
      'read. In forty years she has arrived at the wrong island once, and it turned out to be the richer one. '
      'The risk is plain: there is no apprentice, the notebook is damp, and she refuses to be copied out. Until '
      'somebody learns her handwriting, much of the fleet''s value sleeps in one hammock. Little excitement, and '
      'none needed. We would buy on any day on which she was heard to cough and then to swear at somebody for '
      'asking.'),
    ('dregan-holt', 'private', 28, 'Slow ships, deep pockets',
      'The Admiral of the Grey has not lost an engagement since he stopped offering any. His squadron anchors '
      'across the strait, and trade pays to be let past; there are worse ways to make a living, and most of '
      'them involve more shouting. Our sources count eleven hulls on the roll and eight that float. The other '
      'three draw full pay. Should the Governor ever send an auditor instead of a letter, the shares will fall '
      'before the first column is added up. Until then the spread is narrow, the tolls are regular, and the '
      'cannon are decorative.'),
    ('pip-saltwhistle', 'public', 9, 'Small, and still growing',
      'Pip joined the Lantern as cabin hand with one shirt and no references, and has since been seen carrying '
      'messages, a spyglass and, on one occasion, the wheel. The shares cost less than a good hat. They also '
      'move like one in a gale: word that Pip had been promoted doubled the turnover of an afternoon, and the '
      'word turned out to concern a parrot. There is talent here and nothing yet to measure it by. Buy what you '
      'could bear to see washed overboard, and be kind to cabin hands in general.'),
    ('brother-kelp', 'public', 52, 'Steady demand at the galley',
      'Every voyage eats. Brother Kelp, formerly of a monastery that asked him to leave over a sauce, has fed '
      'three crews through two sieges and a calm of forty days without a mutiny that could be traced to the '
      'food. Earnings rise with the number of mouths and fall with the price of onions. His recipes are written '
      'down, which we count as an asset, and contain seaweed, which we count as cost control. The stock will '
      'never be the talk of the tavern. It will be the reason the tavern is full.'),
    ('vesna-crake', 'private', 17, 'Undefeated is not a forecast',
      'Vesna Crake has fought thirty-one duels and won thirty-one. Holders like to draw the line onwards. We '
      'would remind them that a duellist''s record has room for exactly one loss, and that it comes last. She '
      'chooses her opponents with care, trains before breakfast, and lately insists on having the sun behind '
      'her, which suggests eyes less good than they were. Our reading: two more seasons, then a school of '
      'fencing, which will earn less and live longer. The sensible moment to sell is the day after a victory, '
      'while the hats are still in the air.'),
    ('mortimer-gale', 'public', 35, 'Four days in seven',
      'Mortimer Gale reads the weather from a barometer, a knee and a goose. We kept a tally for a year: he was '
      'right on four days in seven, the barometer alone on five. The fleet pays him regardless, because a '
      'barometer cannot be shouted at. Income follows the season; every storm he announces fills his diary, and '
      'every storm he misses fills it further. We see no reason for this to end. Note that the goose is getting '
      'on, and that his contract mentions it by name.'),
    ('the-quiet-twins', 'private', 6, 'Two incomes, one alibi',
      'Nobody has seen the Quiet Twins in the same room, which may be discretion and may be arithmetic. They '
      'are paid by both sides of most quarrels and have so far been believed by each. The accounts, such as '
      'they are, show two salaries and the lodging costs of one. If there is a single Twin, the margin is '
      'remarkable and the question of succession is total. If there are two, one of them is going to ask for a '
      'share. We hold a position small enough to deny.'),
    ('ondine-farrow', 'public', 44, 'What lies at eleven fathoms',
      'Ondine Farrow dives deeper than the others and comes up with less, but what she brings is round, and '
      'buyers in Saint Brine pay for round. Output is limited by breath, and breath by age; she is young, and '
      'says that she stopped counting at four minutes. The beds off the eastern reef are good for many more '
      'summers if they are left alone in spring, and she leaves them alone. A patient stock for patient '
      'holders. The chief risk is a shark, which is a term of our trade and also a shark.'),
    ('gideon-rusk', 'public', 71, 'Loud, accurate, deaf',
      'Rusk can put a ball through a porthole at four cables, and has done so to every porthole he was asked '
      'to, and to two of our own through a clerical error. Demand for gunners comes in bursts, and between them '
      'he sells fireworks at a loss. He no longer hears orders; the crew have taken to waving a ham. None of '
      'this has hurt the figures. Powder is the cost to watch: dear when he is needed, and damp when he is not. '
      'Fairly valued, at a safe distance.'),
    ('sable-nine', 'private', 12, 'The ninth of that name',
      'There were eight Sables before this one, and each retired suddenly. The ninth moves spirits, silk and, '
      'on moonless nights, the customs officers themselves, who prefer not to know where they woke. Volume is '
      'excellent and unrecorded; we estimate it from the number of new roofs in Low Harbour, which has doubled. '
      'What could go wrong is a calm, a clear sky, or a tenth. The price swings because half of the market '
      'knows something each week, and it is never the same half. Trade it; do not marry it.'),
    ('auntie-barnacle', 'public', 58, 'Everything passes through her kitchen',
      'Auntie Barnacle buys what some people happened to find and sells it to those who happened to lose it, '
      'usually within a street. Low Harbour has no bank; it has her dresser, and the third drawer has never '
      'been short. She takes a tenth from each side and serves tea throughout. Turnover barely moves with the '
      'tides of war, because victory and defeat both produce candlesticks. We can think of one threat only, '
      'which is honesty, and there is no sign of it in the district.'),
    ('corwin-ash', 'public', 23, 'The edge of the known',
      'Corwin Ash sells maps of places he has been, at a fair price, and of places he has not, at a better one. '
      'Three of the latter were later confirmed, which is more than his rivals can say of the former. His '
      'plates are copper and do not wear, so that each new sheet costs paper and ink. The danger is a rumour '
      'that he adds one small island to every chart, to catch those who copy it. It is true; we nearly landed '
      'there. We regard it as good practice.'),
    ('jory-threadbare', 'public', 80, 'Mending is a growth business',
      'A sail lasts two storms, or one with Gideon Rusk on board. Jory Threadbare has mended most of those in '
      'the harbour at least once, and charges by the stitch, counting aloud. Nobody loves a sailmaker until the '
      'wind gets up. The order book is full into the autumn, canvas is bought in winter when it is cheap, and '
      'the shop''s only luxury is a second needle. We find no debt, no drama, and no excuse for the discount. It '
      'may be the name.'),
    ('marisol-vane', 'private', 20, 'The law, and what it costs',
      'The Governor of Saint Brine signs the pardons, sets the harbour dues and, as of last spring, owns the '
      'ink. Her income is the steadiest in these waters, since it is taken before anybody is asked. Two matters '
      'worry us. The palace roof is being gilded, which governors tend to have done shortly before they leave; '
      'and the Admiral''s tolls have begun to look like hers. If the two come to terms, both shares rise. If '
      'they do not, one of them will, and she keeps the better books.'),
    ('the-bosun', 'public', 66, 'No name, no complaints',
      'We asked for an interview and were handed a mop. The Bosun has served under six captains, four of whom '
      'are still alive, and runs a deck on which nothing is ever found lying about. There is no published name '
      'and so no published past; the crew find this restful. Work done per whistle is the highest in the fleet. '
      'The value lies in habit, and habits do not retire, elope or write memoirs. A sound core holding for '
      'those who can bear not to ask.'),
    ('nix-halloway', 'private', 3, 'The house does not always win',
      'Nix Halloway has been asked to leave every card table between here and the mainland, most of them before '
      'midnight and some of them through the window. Winnings come in bursts and are spent on lace by the '
      'following Thursday. The shares have the widest swings on the board, and we could find no pattern in '
      'them, except that they rise when Nix is seen to lose, which tends to be on purpose. Our analyst played '
      'one hand for research. We no longer have a horse. Speculative, in both directions.'),
    ('doc-wintergreen', 'public', 49, 'A full waiting room',
      'Doc Wintergreen took a degree somewhere cold and has since then taken off eleven legs, of which nine '
      'were the right ones. Patients recover at a rate that embarrasses the mainland''s hospitals, owing to '
      'boiled water and a refusal to let Brother Kelp send up soup. Fees are paid in kind, and the cellar shows '
      'it. There is no competition worth naming, and war, fever and dancing all bring custom. What we miss in '
      'the prospectus is a successor, ideally one with steadier hands at sea.'),
    ('ysolde-the-tall', 'public', 31, 'Long reach',
      'Ysolde throws further than the whales have been led to expect. A season brings two good catches and nine '
      'months of mending the boat, and the price follows that rhythm as though nobody had ever seen a calendar. '
      'Buy in the lean months, when the harbour has forgotten her; sell when the lamp oil arrives and everybody '
      'remembers at once. She has lately refused to hunt the old white cow off the northern bank, on grounds of '
      'mutual respect. We have taken that out of our estimates and put it into our opinion of her.'),
    ('captain-nobody', 'private', 1, 'Valuing an empty ship',
      'The Empty Ship comes in at night, pays its harbour dues in old coin, and is gone by morning with the '
      'water barrels full. Nobody is on deck; the harbour master has written the name down accordingly. Assets: '
      'one vessel, sound, and a debt to no one. Liabilities: unknown, patient. It is the dearest share on the '
      'board, because whoever buys it does so in the belief that somebody else knows more. We have asked '
      'everybody. The coins are real, she lies deep in the water, and she has never once been seen to unload.')

  ) AS note (character_id, access, days_ago, title, body);

-- How content a customer is: one rating a day (UTC), the last that was given. It stays, without a name, when its customer
-- is erased.
CREATE TABLE ratings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid REFERENCES users,
  day date NOT NULL,
  rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
  rated_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX ratings_of_user ON ratings (user_id, day) WHERE user_id IS NOT NULL;

-- A customer who was erased: the row stays, because the ledger is theirs, and holds nothing personal. When, is for good.
ALTER TABLE users
  ADD COLUMN erased_at timestamptz,
  ADD CONSTRAINT erased_is_a_tombstone CHECK (erased_at IS NULL
    OR (username = 'erased-' || id AND email = 'erased-' || id AND password_hash = 'erased'));

CREATE TRIGGER erased_users_are_final BEFORE UPDATE OF username, email, password_hash, erased_at ON users
  FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL)
  EXECUTE FUNCTION refuse_change('an erased customer stays erased');

-- What a payment was made with is all of it that may be forgotten; move_payment refuses every other change of what is settled.
DROP TRIGGER payments_move_money ON payments;
CREATE TRIGGER payments_begin BEFORE INSERT ON payments
  FOR EACH ROW EXECUTE FUNCTION move_payment();
CREATE TRIGGER payments_move_money BEFORE UPDATE ON payments
  FOR EACH ROW WHEN (NEW.card <> 'erased' OR to_jsonb(OLD) - 'card' <> to_jsonb(NEW) - 'card')
  EXECUTE FUNCTION move_payment();

-- Nothing of an erased customer comes into being again, also by a request that was under way and waited for the erasure:
-- everything that a customer does opens a session, keeps an Idempotency-Key or leaves a rating. To whoever asked it is a
-- conflict of transactions: tried again, it meets a token that is not valid any more.
CREATE FUNCTION refuse_for_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The lock that the foreign key takes anyway; it waits for an erasure that is under way.
  PERFORM FROM users WHERE id = NEW.user_id AND erased_at IS NULL FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% on % is refused: the customer was erased', TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER sessions_of_customers BEFORE INSERT ON sessions
  FOR EACH ROW EXECUTE FUNCTION refuse_for_erased();
CREATE TRIGGER idempotency_keys_of_customers BEFORE INSERT ON idempotency_keys
  FOR EACH ROW EXECUTE FUNCTION refuse_for_erased();
CREATE TRIGGER ratings_of_customers BEFORE INSERT ON ratings
  FOR EACH ROW EXECUTE FUNCTION refuse_for_erased();

-- When a synthetic walk through the journeys last began: several workers take turns by it.
CREATE TABLE journey_turns (
  one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  began_at timestamptz NOT NULL
);

INSERT INTO journey_turns (began_at) VALUES ('-infinity');
