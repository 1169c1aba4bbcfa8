import type { Telemetry } from '@crows-nest/telemetry';
import type { ApiMetrics } from '../metrics/roles.ts';

export const SECURITY_EVENTS = [
  'account_locked',
  'rate_limited',
  'token_forged',
  'directory_traversal',
  'sql_injection_probe',
  'webhook_forged',
] as const;

export type SecurityEvent = (typeof SECURITY_EVENTS)[number];

export interface SecurityEvents {
  /** Counts what looks like an attack, and logs it with the address, so that an alert can name where it comes from. */
  note(type: SecurityEvent, address: string, details?: Record<string, string>): void;
}

export interface SecurityDependencies {
  telemetry: Pick<Telemetry, 'logger'>;
  metrics: Pick<ApiMetrics, 'securityEvents'>;
}

export function createSecurityEvents({ telemetry, metrics }: SecurityDependencies): SecurityEvents {
  return {
    note(type, address, details = {}) {
      metrics.securityEvents.inc({ type });
      telemetry.logger.warn('Security event', { type, address, ...details });
    },
  };
}
