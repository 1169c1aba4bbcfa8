import { demand, signUp } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';

/** So many of them outweigh those of the default traffic. */
const times = 100;

async function rate(rating: number): Promise<void> {
  const { token } = await signUp('drill');
  for (let n = 0; n < times; n += 1) {
    await demand(200, 'PUT', '/api/feedback', { token, body: { rating } });
  }
}

export const incident: Incident = {
  what: 'Gives the worst rating a hundred times; in the end, as often the best.',
  by: { break: () => rate(1), heal: () => rate(5) },
  raises: { alertname: 'CustomerSatisfactionLow' },
  seconds: 330,
};
