import { Counter } from 'prom-client';
import { createAudit, type AuditEvent } from '../audit/audit.ts';
import { createLogging } from '../logs/logger.ts';

/** An audit stream of one process's lifetime. */
export interface TestAudit {
  audit: (event?: Partial<AuditEvent>) => void;
  dropped: () => number;
  close: () => Promise<void>;
}

/** Opens an audit file as a starting process does; nothing is shown on standard output. */
export function openAudit(path: string): TestAudit {
  const logging = createLogging({
    origin: { service: 'api', version: '1.2.3', environment: 'test', instance: 'one' },
    level: 'info',
    directory: undefined,
    revision: 'unknown',
    sentryDsn: undefined,
    cloudwatchLogGroup: undefined,
    lines: new Counter({ name: 'lines', help: '-', labelNames: ['level'], registers: [] }),
    dropped: new Counter({ name: 'dropped', help: '-', labelNames: ['target'], registers: [] }),
  });
  let lost = 0;
  const { audit, close } = createAudit({
    logging: { lineOf: logging.lineOf, show: () => undefined },
    path,
    onDropped: (lines) => (lost += lines),
  });
  return {
    audit: (event) => {
      audit({ action: 'auth.login', outcome: 'success', ...event });
    },
    dropped: () => lost,
    async close() {
      await Promise.all([close(5_000), logging.close(0)]);
    },
  };
}

/** Writes so many lines in one process's lifetime. */
export async function writeAudit(
  path: string,
  count: number,
  event: Partial<AuditEvent> = {},
): Promise<void> {
  const { audit, close } = openAudit(path);
  for (let number = 0; number < count; number += 1) audit(event);
  await close();
}
