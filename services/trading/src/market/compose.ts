import type { Telemetry } from '@crows-nest/telemetry';
import { loadCharacters } from '../characters/characters.ts';
import type { Config } from '../config.ts';
import { createDatabase } from '../database.ts';
import { composeFaults } from '../faults/compose.ts';
import type { Closing } from '../lifecycle.ts';
import { createMarketMetrics } from '../metrics/roles.ts';
import { createOperationsApp } from '../operations.ts';
import { createMatching } from '../orders/matching.ts';
import { createRedis } from '../redis.ts';
import { listen } from '../server.ts';
import { createServiceHealth, waitForSchema } from '../service.ts';
import { startEngine } from './engine.ts';
import { createLeadership } from './leadership.ts';

/** Puts the market together and starts it: health and metrics at once, quotes when this process becomes the leader. */
export async function composeMarket(
  config: Config,
  telemetry: Telemetry,
  closing: Closing,
): Promise<{ port: number }> {
  const { databaseUrl: url, databasePoolMax: poolMax, redisUrl, marketSeed: seed } = config;
  const { logger, registry } = telemetry;
  const metrics = createMarketMetrics(registry);

  const faults = composeFaults(config, telemetry, metrics, closing);
  const database = createDatabase({ url, poolMax }, telemetry, faults);
  closing.defer('database', () => database.close());
  const redis = createRedis(redisUrl, logger);
  closing.defer('redis', () => redis.quit().catch(() => 'away'));

  let started = false;
  const health = createServiceHealth(database, redis, () => started);
  const server = await listen(createOperationsApp(telemetry, health), health, config);
  // Closed after the engine and its leadership: a standby takes over while this process drains.
  closing.defer('server', () => server.drain());

  await waitForSchema(database, telemetry);
  const characters = await loadCharacters(database);
  const leadership = createLeadership(url, logger);
  closing.defer('leadership', () => leadership.close());
  const matching = createMatching({ database, telemetry, metrics });
  closing.defer('matching', () => matching.close());
  const engine = startEngine({
    database,
    redis,
    leadership,
    characters,
    seed,
    matching,
    metrics,
    telemetry,
    logger,
    faults,
  });
  closing.defer('engine', () => engine.close());
  started = true;
  return { port: server.port };
}
