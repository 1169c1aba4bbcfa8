import { signUp, trade, cheapest } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';
import { again, together } from '../ways.ts';

/** Signs up and trades once, so that it is no lack of conversion. */
async function join(): Promise<void> {
  const customer = await signUp('drill');
  await trade(customer, { characterId: await cheapest(customer), quantity: 1, action: 'buy' });
}

export const incident: Incident = {
  what: 'Signs up several customers a second.',
  by: together(again(100, join), again(100, join), again(100, join)),
  raises: { alertname: 'SignupSpike' },
  seconds: 60,
  history: 66 * 60,
};
