import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { ApiMetrics } from '../metrics/roles.ts';

/** What Alertmanager says of one firing of one alert. */
export interface AlertNotice {
  /** Of the alert's labels. */
  fingerprint: string;
  startedAt: Date;
  /** Undefined while it fires. */
  resolvedAt: Date | undefined;
  alertname: string;
  severity: 'critical' | 'warning';
  service: string;
  environment: string;
}

export interface Incidents {
  /**
   * Opens and ends incidents: one for each alert and start. Notices may come again, late and out of order; the first end that
   * is heard of stands.
   *
   * @returns how many are new, and how many have ended with this
   */
  hear(
    notices: AlertNotice[],
    address: string | undefined,
  ): Promise<{ opened: number; resolved: number }>;
}

// An old row has a transaction that changed it: xmax is 0 only where this one made it. In order, so that of two notices of the
// same alerts one waits for the other.
const openIncidents: Statement = {
  name: 'open_incidents',
  operation: 'insert',
  table: 'incidents',
  text: `INSERT INTO incidents AS i (fingerprint, started_at, alertname, severity, service, environment)
         SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[])
           AS notice (fingerprint, started_at, alertname, severity, service, environment)
         ORDER BY fingerprint, started_at
         ON CONFLICT (fingerprint, started_at) DO UPDATE SET heard_at = now()
         RETURNING xmax = 0 AS opened`,
};

const resolveIncidents: Statement = {
  name: 'resolve_incidents',
  operation: 'update',
  table: 'incidents',
  text: `UPDATE incidents i SET resolved_at = notice.resolved_at
         FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS notice (fingerprint, started_at, resolved_at)
         WHERE i.fingerprint = notice.fingerprint AND i.started_at = notice.started_at
           AND i.resolved_at IS NULL AND notice.resolved_at IS NOT NULL
         RETURNING extract(epoch FROM i.resolved_at - i.started_at)::double precision AS seconds`,
};

export function createIncidents(
  database: Database,
  telemetry: Pick<Telemetry, 'audit'>,
  metrics: Pick<ApiMetrics, 'incidentRecovery'>,
): Incidents {
  return {
    async hear(notices, address) {
      const each = once(notices);
      if (each.length === 0) return { opened: 0, resolved: 0 };
      const fingerprints = each.map(({ fingerprint }) => fingerprint);
      const starts = each.map(({ startedAt }) => startedAt);
      const { heard, ended } = await database.transaction(async (connection) => ({
        heard: await connection.query<{ opened: boolean }>(openIncidents, [
          fingerprints,
          starts,
          each.map(({ alertname }) => alertname),
          each.map(({ severity }) => severity),
          each.map(({ service }) => service),
          each.map(({ environment }) => environment),
        ]),
        ended: await connection.query<{ seconds: number }>(resolveIncidents, [
          fingerprints,
          starts,
          each.map(({ resolvedAt }) => resolvedAt ?? null),
        ]),
      }));
      for (const { seconds } of ended) metrics.incidentRecovery.observe(seconds);
      const opened = heard.filter((row) => row.opened).length;
      const resolved = ended.length;
      // Alertmanager repeats itself every few minutes, and that does nothing.
      if (opened + resolved > 0) {
        telemetry.audit({
          action: 'incident.report',
          outcome: 'success',
          actor: 'delivery-token',
          address,
          target: `alerts:${[...new Set(each.map(({ alertname }) => alertname))].join(',')}`,
          reason: `${opened} opened, ${resolved} resolved`,
        });
      }
      return { opened, resolved };
    },
  };
}

/** Each firing once, ended where any notice says so: one statement cannot touch a row twice. */
function once(notices: AlertNotice[]): AlertNotice[] {
  const known = new Map<string, AlertNotice>();
  for (const notice of notices) {
    const key = `${notice.fingerprint} ${notice.startedAt.toISOString()}`;
    if (!known.get(key)?.resolvedAt) known.set(key, notice);
  }
  return [...known.values()];
}
