import { loadCharacters } from '../characters/characters.ts';
import { loadConfig } from '../config.ts';
import { createDatabase } from '../database.ts';
import { closeOnSignal, run } from '../lifecycle.ts';
import { createMarketMetrics } from '../metrics.ts';
import { createOperationsApp } from '../operations.ts';
import { createRedis } from '../redis.ts';
import { listen } from '../server.ts';
import { createServiceHealth, createServiceTelemetry, waitForSchema } from '../service.ts';
import { startEngine } from './engine.ts';
import { createLeadership } from './leadership.ts';

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('market', config);
  const { logger } = telemetry;
  const metrics = createMarketMetrics(telemetry.registry);
  const database = createDatabase(
    { url: config.databaseUrl, poolMax: config.databasePoolMax },
    telemetry,
  );
  const redis = createRedis(config.redisUrl, logger);

  let started = false;
  const health = createServiceHealth(database, redis, () => started);
  const server = await listen(createOperationsApp(telemetry, health), health, config);

  await waitForSchema(database, telemetry);
  const characters = await loadCharacters(database);
  const leadership = createLeadership(config.databaseUrl, logger);
  const seed = config.marketSeed;
  const engine = startEngine({ database, redis, leadership, characters, seed, metrics, logger });
  started = true;
  logger.info('Market is running', { port: server.port });

  closeOnSignal(logger, [
    ['engine', () => engine.close()],
    // At once, not after draining: a standby takes over while we finish.
    ['leadership', () => leadership.close()],
    ['server', () => server.drain()],
    ['redis', () => redis.quit().catch(() => 'away')],
    ['database', () => database.close()],
    ['telemetry', () => telemetry.close()],
  ]);
});
