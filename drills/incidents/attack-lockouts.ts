import { guessPasswords } from '../attacks.ts';
import type { Incident } from '../drill.ts';

export const incident: Incident = {
  what: 'Tries passwords for four names until their accounts are locked.',
  by: guessPasswords(4),
  raises: { alertname: 'AccountLockouts' },
  seconds: 40,
};
