import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Caller } from './caller.ts';

/** Whoever walks, and what one step leaves for the next. */
export interface Walk {
  caller: Caller;
  password: string;
  /** What the steps of a journey found out for those after them. */
  characterId: string;
  paymentId: string;
  holding: { characterId: string; quantity: number };
}

export interface Journey {
  name: string;
  steps: Step[];
}

export interface Step {
  name: string;
  /** @throws when it cannot be done, or is not done within the time of a step: `signal` */
  run(walk: Walk, signal: AbortSignal): Promise<void>;
}

/** The customer who walks. */
export const SYNTHETIC = 'synthetic';

/** Cents that the customer shall have at least: what a walk costs (the spread and two commissions) is paid in again. */
const ENOUGH = 1_000_000;
/** Cents: the least that a deposit may be. */
const LEAST_DEPOSIT = 100;
const POLL_MS = 250;

const problem = z.object({ type: z.string() });
const opened = z.object({ token: z.string(), user: z.object({ id: z.string() }) });
const payment = z.object({ id: z.string(), status: z.string() });
const trade = z.object({ trade: z.object({ quantity: z.number() }) });
const portfolio = z.object({
  cash: z.int(),
  portfolioValue: z.int(),
  holdings: z.array(z.object({ characterId: z.string(), quantity: z.int() })),
});
const market = z.object({
  characters: z.array(
    z.object({
      id: z.string(),
      ask: z.int().nullable(),
      haltedUntil: z.string().nullable(),
    }),
  ),
});

/** What a customer must be able to do at any time, step by step; the first journey opens the session of the others. */
export const JOURNEYS: Journey[] = [
  {
    name: 'register',
    steps: [
      {
        name: 'register',
        // Taken, from the second time on: that too is an answer which only a registration that works can give.
        async run({ caller, password }, signal) {
          const email = `${SYNTHETIC}@crows-nest.example`;
          const body = { username: SYNTHETIC, email, password };
          const answer = await caller.call(signal, 'POST', '/auth/register', { body });
          const taken = problem.safeParse(answer.json).data?.type === '/problems/username-taken';
          if (!taken) answer.expect(201);
        },
      },
      {
        name: 'login',
        async run({ caller, password }, signal) {
          const body = { username: SYNTHETIC, password };
          const answer = await caller.call(signal, 'POST', '/auth/login', { body });
          const { token, user } = opened.parse(answer.expect(200));
          caller.identify(token, user.id);
        },
      },
    ],
  },
  {
    name: 'deposit',
    steps: [
      {
        name: 'ask',
        async run(walk, signal) {
          const { cash } = await portfolioOf(walk, signal);
          const amount = Math.max(ENOUGH - cash, LEAST_DEPOSIT);
          const body = { amount, card: 'card_good' };
          const answer = await walk.caller.call(signal, 'POST', '/api/payments/deposits', {
            body,
            key: randomUUID(),
          });
          walk.paymentId = z.object({ payment }).parse(answer.expect(202)).payment.id;
        },
      },
      {
        name: 'credited',
        async run({ caller, paymentId }, signal) {
          for (;;) {
            const answer = await caller.call(signal, 'GET', '/api/payments');
            const { payments } = z.object({ payments: z.array(payment) }).parse(answer.expect(200));
            const status = payments.find(({ id }) => id === paymentId)?.status;
            if (status === 'succeeded') return;
            if (status !== 'pending') throw new Error(`The deposit ${paymentId} is ${status}`);
            await wait(POLL_MS, undefined, { signal });
          }
        },
      },
    ],
  },
  {
    name: 'buy',
    steps: [
      {
        name: 'quote',
        async run(walk, signal) {
          const answer = await walk.caller.call(signal, 'GET', '/api/characters');
          const { characters } = market.parse(answer.expect(200));
          const [cheapest] = characters
            .filter(({ ask, haltedUntil }) => ask !== null && haltedUntil === null)
            .sort((one, other) => Number(one.ask) - Number(other.ask));
          if (!cheapest) throw new Error('No character can be bought');
          walk.characterId = cheapest.id;
        },
      },
      {
        name: 'order',
        async run(walk, signal) {
          await tradeAs(walk, signal, 'buy', { characterId: walk.characterId, quantity: 1 });
        },
      },
    ],
  },
  {
    name: 'sell',
    steps: [
      {
        // Whatever it holds, so that what a walk that broke off has left is sold as well.
        name: 'holding',
        async run(walk, signal) {
          const { holdings } = await portfolioOf(walk, signal);
          if (!holdings[0]) throw new Error('There is nothing to sell');
          walk.holding = holdings[0];
        },
      },
      {
        name: 'order',
        async run(walk, signal) {
          const { characterId, quantity } = walk.holding;
          await tradeAs(walk, signal, 'sell', { characterId, quantity });
        },
      },
    ],
  },
  {
    name: 'portfolio',
    steps: [
      {
        name: 'read',
        async run(walk, signal) {
          await portfolioOf(walk, signal);
        },
      },
    ],
  },
];

async function portfolioOf({ caller }: Walk, signal: AbortSignal) {
  return portfolio.parse((await caller.call(signal, 'GET', '/api/portfolio')).expect(200));
}

async function tradeAs(
  { caller }: Walk,
  signal: AbortSignal,
  action: 'buy' | 'sell',
  order: { characterId: string; quantity: number },
): Promise<void> {
  const body = { ...order, action };
  const answer = await caller.call(signal, 'POST', '/api/trade', { body, key: randomUUID() });
  trade.parse(answer.expect(201));
}
