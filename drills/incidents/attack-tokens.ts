import { call } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';
import { again } from '../ways.ts';

export const incident: Incident = {
  what: 'Sends tokens that no login ever gave.',
  by: again(300, () => call('GET', '/api/portfolio', { token: 'eyJhbGciOiJub25lIn0.e30.' })),
  raises: { alertname: 'ForgedTokens' },
  seconds: 30,
};
