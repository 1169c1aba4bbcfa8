import { Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** Whether the audit logs are as they were written: looked at in the background. */
export function createAuditLogGauges(registry: Registry) {
  return {
    auditLogFaults: new Gauge({
      name: 'audit_log_faults',
      help: 'Lines of the newest audit logs that were changed, are missing or out of their place; must be 0',
      registers: [registry],
    }),
  };
}
