import { guessPasswords } from '../attacks.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Tries a hundred passwords and more, each with another name, from one address.',
  by: guessPasswords(),
  raises: { alertname: 'AuthFailuresHigh', labels: { address: /^[\da-f]/ } },
  seconds: 40,
};
