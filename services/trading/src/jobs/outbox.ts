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

interface OutboxRow {
  id: number;
  topic: Topic;
  payload: Payload;
  carrier: Carrier;
  created_at: Date;
}

// Of topics that are known here only: while versions change, those of a newer one wait for a newer worker.
const takeMessages: Statement = {
  name: 'take_outbox',
  operation: 'delete',
  table: 'outbox',
  text: `DELETE FROM outbox
         WHERE id IN (SELECT id FROM outbox WHERE topic = ANY($1) ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
         RETURNING id, topic, payload, carrier, created_at`,
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
 * were taken over. When the commit fails they are added again, and the queues know them by their id.
 *
 * @returns how many were moved; 0 while Redis is away (or worker-stall is on), and then they wait
 */
export async function relayOnce({
  database,
  queues,
  redis,
  telemetry,
  faults,
}: OutboxDependencies): Promise<number> {
  if (!isReady(redis) || isStalled(faults, 'outbox')) return 0;
  return database.transaction(async (connection) => {
    const rows = await connection.query<OutboxRow>(takeMessages, [TOPICS]);
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
    return rows.length;
  });
}

/**
 * Relays until closed. It asks every 250 ms instead of listening: a NOTIFY in each trade would take a lock that all
 * commits of the database wait for. Several relays share the work.
 */
export function startRelay(dependencies: OutboxDependencies): { close(): Promise<void> } {
  const debug = dependencies.telemetry.debug('app:outbox');
  const stop = new AbortController();
  let failing = false;
  const running = (async () => {
    while (!stop.signal.aborted) {
      const moved = await relayOnce(dependencies).then(
        (count) => {
          if (failing) dependencies.telemetry.logger.info('Outbox is relayed again');
          failing = false;
          if (count > 0) debug('Messages handed to their queues', { count });
          return count;
        },
        (error: unknown) => {
          if (!failing)
            dependencies.telemetry.logger.warn('Outbox not relayed, trying on', { error });
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

/** A payload's ids as a person searches for them: tradeId becomes `trade.id`. */
export function attributesOf(payload: Payload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, id]) => [name.replace(/Id$/, '.id'), id]),
  );
}
