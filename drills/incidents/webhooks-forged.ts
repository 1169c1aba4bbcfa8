import { randomUUID } from 'node:crypto';

import { call } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';
import { again } from '../ways.ts';

export const incident: Incident = {
  what: 'Sends webhooks that are not signed by the card gateway.',
  by: again(500, () => {
    const id = randomUUID();
    const data = { id, reference: id, amount: 1_000_000, status: 'succeeded', failureCode: null };
    const signature = `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`;
    return call('POST', '/webhooks/payments', {
      headers: { 'gateway-signature': signature },
      body: { id, type: 'charge.succeeded', createdAt: new Date().toISOString(), data },
    });
  }),
  raises: { alertname: 'PaymentWebhookErrors', labels: { outcome: 'forged' } },
  seconds: 30,
};
