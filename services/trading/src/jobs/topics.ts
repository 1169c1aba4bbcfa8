/**
 * Every kind of job, by the topic of the outbox row that leads to it, and the queue it waits in. One queue a concern, so
 * that a mail server that is away holds up no payment.
 */
export const QUEUE_OF = {
  'trade-confirmation': 'notifications',
  'payment-charge': 'payments',
  'order-event': 'streams',
  'account-locked': 'notifications',
} as const satisfies Record<string, string>;

export type Topic = keyof typeof QUEUE_OF;
export type QueueName = (typeof QUEUE_OF)[Topic];

export const TOPICS = Object.keys(QUEUE_OF);
export const QUEUE_NAMES: QueueName[] = [...new Set(Object.values(QUEUE_OF))];

export function isTopic(text: string): text is Topic {
  return Object.hasOwn(QUEUE_OF, text);
}

/** What a job is about: ids only, because personal data stays in Postgres. */
export type Payload = Record<string, string>;

/** What each topic's job does. It may run more than once; what it does happens once. */
export type JobHandlers = Record<Topic, (payload: Payload) => Promise<void>>;
