import { cheapest, type Customer, signUp, trade } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';

const crowd: Customer[] = [];

export const incident: Incident = {
  what: 'Signs up forty customers, of whom none trades until the drill is over.',
  by: {
    async break() {
      while (crowd.length < 40) crowd.push(await signUp('drill'));
    },
    async heal() {
      for (let customer = crowd.at(-1); customer; customer = crowd.at(-1)) {
        const order = { characterId: await cheapest(customer), quantity: 1 };
        await trade(customer, { ...order, action: 'buy' });
        crowd.pop();
      }
    },
  },
  raises: { alertname: 'LowConversionRate' },
  seconds: 930,
};
