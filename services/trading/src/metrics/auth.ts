import { Counter, Gauge } from 'prom-client';
import { SECURITY_EVENTS } from '../security/events.ts';
import type { Registry } from './registry.ts';

/** Who comes in, and who tries to. */
export function createAuthMetrics(registry: Registry) {
  const registers = [registry];
  const authAttempts = new Counter({
    name: 'auth_attempts_total',
    help: 'Attempts to register, log in, or use a token',
    labelNames: ['type', 'success'] as const,
    registers,
  });
  const securityEvents = new Counter({
    name: 'security_events_total',
    help: 'What looks like an attack: directory_traversal, sql_injection_probe, token_forged (a bearer token that is malformed), rate_limited, account_locked, webhook_forged',
    labelNames: ['type'] as const,
    registers,
  });
  // From 0 on: an attack may be over before the second scrape, and of a series that begins with it no rise is seen.
  authAttempts.inc({ type: 'login', success: 'false' }, 0);
  for (const type of SECURITY_EVENTS) securityEvents.inc({ type }, 0);
  return {
    authAttempts,
    securityEvents,
    userSignups: new Counter({
      name: 'user_signups_total',
      help: 'Customers registered',
      registers,
    }),
  };
}

/** Who is here: looked up in the background. */
export function createAuthGauges(registry: Registry) {
  const registers = [registry];
  return {
    activeUsers: new Gauge({
      name: 'active_users',
      help: 'Customers seen in the last 5 minutes',
      registers,
    }),
    activeSessions: new Gauge({
      name: 'auth_active_sessions',
      help: 'Sessions that have not expired',
      registers,
    }),
  };
}
