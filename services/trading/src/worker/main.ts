import { loadConfig } from '../config.ts';
import { createDatabase } from '../database.ts';
import { closeOnSignal, run } from '../lifecycle.ts';
import { createWorkerMetrics } from '../metrics.ts';
import { confirmTrade } from '../notifications/confirmation.ts';
import { createMailer } from '../notifications/mailer.ts';
import { startRelay } from '../notifications/outbox.ts';
import { createNotificationQueue } from '../notifications/queue.ts';
import { createOperationsApp } from '../operations.ts';
import { createQuoteReader } from '../quotes/reader.ts';
import { createRedis } from '../redis.ts';
import { listen } from '../server.ts';
import { createServiceHealth, createServiceTelemetry, waitForSchema } from '../service.ts';
import { startBackground } from './background.ts';
import { gaugeTasks } from './gauges.ts';
import { housekeepingTask } from './housekeeping.ts';
import { startJobs } from './jobs.ts';

// Sums over the whole ledger take longer than anything that a customer waits for.
const STATEMENT_TIMEOUT_MS = 30_000;

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('worker', config);
  const { logger } = telemetry;
  const metrics = createWorkerMetrics(telemetry.registry);
  const { databaseUrl: url, databasePoolMax: poolMax, redisUrl } = config;
  const database = createDatabase(
    { url, poolMax, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
    telemetry,
  );
  const redis = createRedis(redisUrl, logger);
  const subscriber = createRedis(redisUrl, logger);

  let started = false;
  const health = createServiceHealth(database, redis, () => started);
  const server = await listen(createOperationsApp(telemetry, health), health, config);

  await waitForSchema(database, telemetry);
  const quotes = createQuoteReader({ redis, subscriber, database, telemetry });
  const mailer = createMailer(config.smtpUrl, config.mailFrom);
  const queue = createNotificationQueue(redis, logger);
  const relay = startRelay({ database, queue, redis, telemetry });
  const jobs = startJobs({
    redisUrl,
    handlers: {
      'trade-confirmation': ({ tradeId }) => confirmTrade({ database, mailer, telemetry }, tradeId),
    },
    telemetry,
    metrics,
  });
  const background = startBackground(
    [...gaugeTasks({ database, queue, redis, quotes, metrics }), housekeepingTask(database)],
    logger,
  );
  started = true;
  logger.info('Worker is running', { port: server.port });

  closeOnSignal(logger, [
    ['relay', () => relay.close()],
    ['jobs', () => jobs.close()],
    ['background', () => background.close()],
    ['queue', () => queue.close()],
    ['mailer', () => mailer.close()],
    ['server', () => server.drain()],
    ['quotes', () => quotes.close()],
    ['redis', () => redis.quit().catch(() => 'away')],
    ['database', () => database.close()],
    ['telemetry', () => telemetry.close()],
  ]);
});
