import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { createHealth, createTelemetry, type Health, type Telemetry } from '@crows-nest/telemetry';
import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import type { Database, Statement } from './database.ts';
import { requireMigrations } from './migrate/migrations.ts';

/** What every role of this service has in common: its telemetry, its health, and waiting for the schema. */

export type Role = 'api' | 'market' | 'worker' | 'migrate' | 'audit';

export function createServiceTelemetry(role: Role, config: Config): Telemetry {
  const { revision, environment, instance, logLevel, logDirectory, debug, debugRequests } = config;
  const { sentryDsn, cloudwatchLogGroup } = config;
  return createTelemetry({
    service: role,
    version: packageJson.version,
    environment,
    instance,
    logLevel,
    debugRequests,
    ...(revision === undefined ? {} : { revision }),
    ...(logDirectory === undefined ? {} : { logDirectory }),
    ...(debug === undefined ? {} : { debug }),
    ...(sentryDsn === undefined ? {} : { sentryDsn }),
    ...(cloudwatchLogGroup === undefined ? {} : { cloudwatchLogGroup }),
  });
}

const ping: Statement = { name: 'ping', operation: 'select', table: 'none', text: 'SELECT 1' };

/** Postgres is needed, Redis only helps: without it sessions and quotes come from Postgres, and jobs wait in the outbox. */
export function createServiceHealth(
  database: Database,
  redis: Redis,
  started: () => boolean,
): Health {
  return createHealth({
    version: packageJson.version,
    started,
    checks: {
      postgres: {
        needed: true,
        check: async () => {
          await database.query(ping);
        },
      },
      redis: {
        needed: false,
        check: async () => {
          await redis.ping();
        },
      },
    },
  });
}

const RETRY_MS = 1000;

/** Waits until Postgres can be reached and holds the schema that this version needs; says once why it waits. */
export async function waitForSchema(
  database: Database,
  telemetry: Pick<Telemetry, 'logger'>,
): Promise<void> {
  let reason = '';
  for (;;) {
    try {
      await requireMigrations(database);
      return;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== reason)
        telemetry.logger.warn('Waiting for the database', { reason: message });
      reason = message;
      await wait(RETRY_MS);
    }
  }
}
