/** How a card behaves, and the gateway with it. */
export interface Card {
  /** Why the bank says no; undefined: it says yes. */
  declined?: 'insufficient_funds' | 'expired_card';
  /** Only the first time that this very token is used. */
  declinedOnce?: true;
  slow?: true;
  /** What becomes of the webhooks, if they do not simply come in order. */
  webhooks?: 'lost' | 'twice' | 'late' | 'out of order';
  /** What becomes of the call, if it is not simply answered: `hangs` takes the money and keeps the caller waiting. */
  call?: 'hangs' | 'fails first';
}

// As the test cards of real gateways do (https://docs.stripe.com/testing), each stands for one thing that happens.
const cards: Partial<Record<string, Card>> = {
  good: {},
  declined: { declined: 'insufficient_funds' },
  declined_once: { declined: 'insufficient_funds', declinedOnce: true },
  expired: { declined: 'expired_card' },
  slow: { slow: true },
  webhook_lost: { webhooks: 'lost' },
  webhook_twice: { webhooks: 'twice' },
  webhook_late: { webhooks: 'late' },
  out_of_order: { webhooks: 'out of order' },
  hangs: { call: 'hangs' },
  error: { call: 'fails first' },
};

/** Every token there is, without the part of its own that may follow. */
export const tokens = Object.keys(cards).map((behaviour) => `card_${behaviour}`);

/** The card of a token: `card_good`, or `card_good-7f3a` for one that nobody else has. Undefined: there is no such card. */
export function cardOf(token: string): Card | undefined {
  const behaviour = /^card_([a-z_]+)(?:-[A-Za-z0-9-]{1,40})?$/.exec(token)?.[1];
  return behaviour !== undefined && Object.hasOwn(cards, behaviour) ? cards[behaviour] : undefined;
}
