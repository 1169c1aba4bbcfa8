import { createActivity } from '../auth/activity.ts';
import { createAuth } from '../auth/auth.ts';
import { createPasswords } from '../auth/passwords.ts';
import { createSessions } from '../auth/sessions.ts';
import { createLoginThrottle } from '../auth/throttle.ts';
import { loadCharacters } from '../characters/characters.ts';
import { loadConfig } from '../config.ts';
import { createDatabase } from '../database.ts';
import { closeOnSignal, run } from '../lifecycle.ts';
import { createApiMetrics, registerQuoteAge } from '../metrics.ts';
import { createPortfolio } from '../portfolio/portfolio.ts';
import { createQuoteReader } from '../quotes/reader.ts';
import { createRedis, settled } from '../redis.ts';
import { listen } from '../server.ts';
import { createServiceHealth, createServiceTelemetry, waitForSchema } from '../service.ts';
import { createTrades } from '../trades/trades.ts';
import { createApp } from './app.ts';

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('api', config);
  const metrics = createApiMetrics(telemetry.registry);
  const database = createDatabase(
    { url: config.databaseUrl, poolMax: config.databasePoolMax },
    telemetry,
  );
  const redis = createRedis(config.redisUrl, telemetry.logger);
  const subscriber = createRedis(config.redisUrl, telemetry.logger);

  // Warm-up: everything that the first request would otherwise wait for.
  await waitForSchema(database, telemetry);
  await settled(redis, 2000);
  const quotes = createQuoteReader({ redis, subscriber, database, telemetry });
  registerQuoteAge(telemetry.registry, quotes.ageSeconds);
  const characters = await loadCharacters(database);
  const passwords = await createPasswords(telemetry);

  const sessions = createSessions(database, redis, telemetry);
  const throttle = createLoginThrottle(redis);
  const auth = createAuth({ database, passwords, sessions, throttle, metrics });
  const activity = createActivity(database, telemetry.logger);
  const portfolio = createPortfolio({ database, quotes, characters });
  const trades = createTrades({ database, quotes, telemetry, metrics });

  const health = createServiceHealth(database, redis, () => true);
  const { trustProxy } = config;
  const app = createApp({ telemetry, health, trustProxy, auth, activity, portfolio, trades });
  const server = await listen(app, health, config);
  telemetry.logger.info('API is listening', { port: server.port });

  closeOnSignal(telemetry.logger, [
    ['server', () => server.drain()],
    ['activity', () => activity.close()],
    ['quotes', () => quotes.close()],
    ['redis', () => redis.quit().catch(() => 'away')],
    ['database', () => database.close()],
    ['telemetry', () => telemetry.close()],
  ]);
});
