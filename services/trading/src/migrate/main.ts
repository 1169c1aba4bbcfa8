import { loadConfig } from '../config.ts';
import { run } from '../lifecycle.ts';
import { createServiceTelemetry } from '../service.ts';
import { migrate } from './migrations.ts';
import { letReportingLogIn } from './reporting.ts';

/** One shot: brings the schema up to date and exits 0. Safe to run again, and by several at once. */
await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('migrate', config);
  const done = await migrate(config.databaseUrl, telemetry.logger);
  if (config.reportingPassword !== undefined) {
    await letReportingLogIn(config.databaseUrl, config.reportingPassword);
  }
  telemetry.logger.info('Schema is up to date', { migrations: done });
  await telemetry.close();
});
