import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import {
  captureCarrier,
  runWithCarrier,
  type Carrier,
  type Telemetry,
} from '@crows-nest/telemetry';
import type { Database, Queryable, Statement } from '../database.ts';
import type { Faults } from '../faults/faults.ts';
import { isStalled } from '../faults/worker-stall.ts';
import { isReady } from '../redis.ts';
import type { Queues } from './queues.ts';
import { QUEUE_OF, TOPICS, type Payload, type Topic } from './topics.ts';

const POLL_MS = 250;
const BATCH = 100;
/** A Redis that is killed loses its last two seconds at most, however slow its disk is: it does not put off writing for longer. */
const KEPT_SECONDS = 10;

interface OutboxRow {
  id: number;
  topic: Topic;
  payload: Payload;
  carrier: Carrier;
  created_at: Date;
}

// Of topics that are known here only: while versions change, those of a newer one wait for a newer worker. What Redis has long
// written is forgotten; what another process of it took, and may have taken with it, goes back.
const takeMessages: Statement = {
  name: 'take_outbox',
  operation: 'delete',
  table: 'outbox',
  text: `WITH taken AS (
           DELETE FROM outbox
           WHERE id IN (SELECT id FROM outbox WHERE topic = ANY($1) ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
           RETURNING id, topic, payload, carrier, created_at),
         kept AS (
           INSERT INTO outbox_relayed (id, topic, payload, carrier, created_at, redis_run, relayed_at)
           SELECT taken.*, $2, clock_timestamp() FROM taken),
         ended AS (
           DELETE FROM outbox_relayed
           WHERE id IN (
             SELECT id FROM outbox_relayed
             WHERE redis_run <> $2 OR relayed_at < now() - make_interval(secs => ${KEPT_SECONDS}) FOR UPDATE SKIP LOCKED)
           RETURNING id, topic, payload, carrier, created_at, redis_run),
         returned AS (
           INSERT INTO outbox (id, topic, payload, carrier, created_at) OVERRIDING SYSTEM VALUE
           SELECT id, topic, payload, carrier, created_at FROM ended WHERE redis_run <> $2)
         SELECT * FROM taken`,
};

const putMessage: Statement = {
  name: 'put_outbox',
  operation: 'insert',
  table: 'outbox',
  text: 'INSERT INTO outbox (topic, payload, carrier) VALUES ($1, $2, $3)',
};

/** Leads to a job, if and only if the transaction of `connection` commits. */
export async function enqueue(
  connection: Queryable,
  topic: Topic,
  payload: Payload,
): Promise<void> {
  await connection.query(putMessage, [topic, payload, captureCarrier()]);
}

export interface OutboxDependencies {
  database: Database;
  queues: Queues;
  /** The queues' connection. */
  redis: Redis;
  telemetry: Pick<Telemetry, 'span' | 'logger' | 'debug'>;
  /** worker-stall, where it may be on. */
  faults?: Faults | undefined;
}

/**
 * Moves up to 100 messages from the outbox to their queues, in one transaction: they are gone from the outbox only if all
 * were taken over, and kept beside it for ten seconds. When the commit fails they are added again, and the queues know them by
 * their id.
 *
 * @returns how many were moved
 * @throws when Redis was started anew meanwhile, or cannot write to its disk: then all stays in Postgres as it was
 */
async function relayBatch({
  database,
  queues,
  redis,
  telemetry,
}: OutboxDependencies): Promise<number> {
  const run = await runOf(redis);
  return database.transaction(async (connection) => {
    const rows = await connection.query<OutboxRow>(takeMessages, [TOPICS, run]);
    await Promise.all(
      rows.map(({ id, topic, payload, carrier, created_at: createdAt }) => {
        const queue = queues.of(QUEUE_OF[topic]);
        return runWithCarrier(carrier, () =>
          telemetry.span(`${queue.name} publish`, attributesOf(payload), async () => {
            const data = { payload, carrier: captureCarrier(), occurredAt: createdAt.getTime() };
            await queue.add(topic, data, { jobId: `outbox-${id}` });
          }),
        );
      }),
    );
    // Postgres may have taken its time, and what was forgotten must have been written by the process that had it.
    if ((await runOf(redis)) !== run) throw new Error('Redis was started anew meanwhile');
    return rows.length;
  });
}

/**
 * Relays until closed. It asks every 250 ms instead of listening: a NOTIFY in each trade would take a lock that all
 * commits of the database wait for. Several relays share the work. While Redis is away (or worker-stall is on) messages wait; what
 * was handed over in the last seconds of its life is handed over again, because it may have been in memory only.
 */
export function startRelay(dependencies: OutboxDependencies): { close(): Promise<void> } {
  const { redis, telemetry, faults } = dependencies;
  const debug = telemetry.debug('app:outbox');
  const stop = new AbortController();
  let failing = false;
  async function relay(): Promise<number> {
    if (!isReady(redis) || isStalled(faults, 'outbox')) return 0;
    return relayBatch(dependencies);
  }
  const running = (async () => {
    while (!stop.signal.aborted) {
      const moved = await relay().then(
        (count) => {
          if (failing) telemetry.logger.info('Outbox is relayed again');
          failing = false;
          if (count > 0) debug('Messages handed to their queues', { count });
          return count;
        },
        (error: unknown) => {
          if (!failing) telemetry.logger.warn('Outbox not relayed, trying on', { error });
          failing = true;
          return 0;
        },
      );
      if (moved === 0)
        await wait(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}

/**
 * Which process of Redis answers: each has an id of its own.
 *
 * @throws when it cannot write to its disk: it keeps nothing then, and may still have to lose what it took before
 */
async function runOf(redis: Redis): Promise<string> {
  const info = await redis.info('server', 'persistence');
  if (info.includes('aof_last_write_status:err')) throw new Error('Redis cannot write to its disk');
  const run = /^run_id:(\w+)/m.exec(info)?.[1];
  if (run === undefined) throw new Error('Redis does not say its run_id in INFO');
  return run;
}

/** A payload's ids as a person searches for them: tradeId becomes `trade.id`. */
export function attributesOf(payload: Payload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, id]) => [name.replace(/Id$/, '.id'), id]),
  );
}
