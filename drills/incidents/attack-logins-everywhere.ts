import { guessPasswords } from '../attacks.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Tries passwords until the whole exchange has far more failed logins than the hour before.',
  by: guessPasswords(),
  raises: { alertname: 'AuthFailuresJump' },
  seconds: 40,
  history: 600,
};
