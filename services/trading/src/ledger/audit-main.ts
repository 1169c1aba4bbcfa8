import { loadConfig } from '../config.ts';
import { createDatabase } from '../database.ts';
import { run } from '../lifecycle.ts';
import { createServiceTelemetry } from '../service.ts';
import { differences } from './audit.ts';

/** `npm run audit`: recomputes the books from the entries alone; exits 0 when they are right, 1 with every difference. */
await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('audit', config);
  const database = createDatabase(
    { url: config.databaseUrl, poolMax: 1, statementTimeoutMs: 600_000 },
    telemetry,
  );
  try {
    const found = await differences(database);
    for (const { asset, subject, expected, found: actual } of found) {
      console.log(`${asset}: ${subject} is ${actual}, expected ${expected}`);
    }
    console.log(found.length === 0 ? 'The books are right.' : `${found.length} differences.`);
    process.exitCode = found.length === 0 ? 0 : 1;
  } finally {
    await database.close();
    await telemetry.close();
  }
});
