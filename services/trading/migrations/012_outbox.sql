-- Messages that were handed to their queues within the last seconds, and to which process of Redis (`run_id` of INFO). It writes to
-- its disk once a second (redis/redis.conf): what it may not have written when it ended goes from here back to the outbox. Older
-- messages the relay deletes, so this stays small as well.
CREATE TABLE outbox_relayed (
  id bigint PRIMARY KEY,
  topic text NOT NULL,
  payload jsonb NOT NULL,
  carrier jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  redis_run text NOT NULL,
  relayed_at timestamptz NOT NULL DEFAULT now()
);
