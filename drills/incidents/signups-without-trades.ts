import { cheapest, type Customer, signUp, trade } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';
import { again, together } from '../ways.ts';

let crowd: Customer[] = [];

export const incident: Incident = {
  what: 'Signs up one customer after the other, of whom none trades until the drill is over.',
  by: together(
    {
      break: () => Promise.resolve(),
      async heal() {
        // As many as it takes for the ratio to be well above the limit again.
        for (const customer of crowd.filter((_, n) => n % 4 === 0)) {
          const order = { characterId: await cheapest(customer), quantity: 1 };
          await trade(customer, { ...order, action: 'buy' });
        }
        crowd = [];
      },
    },
    // How many it takes hangs on how many first trades there were within the hour.
    again(200, async () => crowd.push(await signUp('drill'))),
  ),
  raises: { alertname: 'LowConversionRate' },
  seconds: 930,
};
