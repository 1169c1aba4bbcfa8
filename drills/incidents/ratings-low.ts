import { type Customer, demand, signUp } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';

/** So many of them outweigh those of the default traffic. */
const times = 100;
/** How many were given, and not yet as many of the best. */
let given = 0;

function rate({ token }: Customer, rating: number): Promise<unknown> {
  return demand(200, 'POST', '/api/feedback', { token, body: { rating } });
}

export const incident: Incident = {
  what: 'Gives the worst rating a hundred times; in the end, as often the best.',
  by: {
    async break() {
      const customer = await signUp('drill');
      for (; given < times; given += 1) await rate(customer, 1);
    },
    async heal() {
      if (given === 0) return;
      const customer = await signUp('drill');
      for (; given > 0; given -= 1) await rate(customer, 5);
    },
  },
  raises: { alertname: 'CustomerSatisfactionLow' },
  seconds: 330,
};
