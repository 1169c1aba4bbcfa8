import type { Telemetry } from '@crows-nest/telemetry';
import { createSessions } from '../auth/sessions.ts';
import { needed, type Config } from '../config.ts';
import { createDatabase } from '../database.ts';
import { deliveryGaugesTask } from '../delivery/gauges.ts';
import { composeFaults } from '../faults/compose.ts';
import { startRelay } from '../jobs/outbox.ts';
import { createQueues } from '../jobs/queues.ts';
import type { JobHandlers } from '../jobs/topics.ts';
import { startJobs } from '../jobs/workers.ts';
import { journeysTask } from '../journeys/walk.ts';
import type { Closing } from '../lifecycle.ts';
import { createWorkerMetrics } from '../metrics/roles.ts';
import { tellOfLock } from '../notifications/account-locked.ts';
import { confirmTrade } from '../notifications/confirmation.ts';
import { createMailer } from '../notifications/mailer.ts';
import { createOperationsApp } from '../operations.ts';
import { expiryTask } from '../orders/expiry.ts';
import { chargePayment, sweepTask } from '../payments/charge.ts';
import { createGateway } from '../payments/gateway.ts';
import { createSettle } from '../payments/settle.ts';
import { createQuoteReader } from '../quotes/reader.ts';
import { createRedis } from '../redis.ts';
import { listen } from '../server.ts';
import { createServiceHealth, waitForSchema } from '../service.ts';
import { closingTask } from '../statements/closing-of-days.ts';
import { renewalTask } from '../subscriptions/renewal.ts';
import { tellOfOrder } from '../stream/order-events.ts';
import { auditLogsTask } from './audit-logs.ts';
import { startBackground } from './background.ts';
import { gaugeTasks } from './gauges.ts';
import { housekeepingTask } from './housekeeping.ts';

// Sums over the whole ledger take longer than anything that a customer waits for.
const STATEMENT_TIMEOUT_MS = 30_000;

/** Puts the worker together and starts it: the outbox relay, the jobs, the gauges and the housekeeping. */
export async function composeWorker(
  config: Config,
  telemetry: Telemetry,
  closing: Closing,
): Promise<{ port: number }> {
  const { databaseUrl: url, databasePoolMax: poolMax, redisUrl } = config;
  const { logger, registry } = telemetry;
  const metrics = createWorkerMetrics(registry);
  const gatewayKey = needed('GATEWAY_KEY_FILE', config.gatewayKey);

  const faults = composeFaults(config, telemetry, metrics, closing);
  const database = createDatabase(
    { url, poolMax, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
    telemetry,
    faults,
  );
  closing.defer('database', () => database.close());
  const redis = createRedis(redisUrl, logger);
  closing.defer('redis', () => redis.quit().catch(() => 'away'));

  let started = false;
  const health = createServiceHealth(database, redis, () => started);
  const server = await listen(createOperationsApp(telemetry, health), health, config);
  closing.defer('server', () => server.drain());

  await waitForSchema(database, telemetry);
  const subscriber = createRedis(redisUrl, logger);
  const quotes = createQuoteReader({ redis, subscriber, database, telemetry, faults });
  closing.defer('quotes', () => quotes.close());
  const mailer = createMailer(config.smtpUrl, config.mailFrom);
  closing.defer('mailer', () => mailer.close());

  const { subscription: plan } = config;
  const sessions = createSessions(database, redis, telemetry, faults);
  const gateway = createGateway({ url: config.gatewayUrl, key: gatewayKey });
  const settle = createSettle({ database, sessions, plan, telemetry, metrics });
  const charging = { database, gateway, settle, telemetry };

  const queues = createQueues(redis, logger);
  closing.defer('queues', () => queues.close());
  const relay = startRelay({ database, queues, redis, telemetry, faults });
  closing.defer('relay', () => relay.close());
  const handlers: JobHandlers = {
    'trade-confirmation': ({ tradeId = '' }) =>
      confirmTrade({ database, mailer, telemetry }, tradeId),
    'payment-charge': ({ paymentId = '' }) => chargePayment(charging, paymentId),
    'order-event': ({ orderId = '' }) => tellOfOrder(database, redis, orderId),
    'account-locked': ({ userId = '', lockId = '' }) =>
      tellOfLock({ database, mailer, telemetry }, { userId, lockId }),
  };
  const jobs = startJobs({ redisUrl, handlers, telemetry, metrics, faults });
  closing.defer('jobs', () => jobs.close());
  const { journeys, logDirectory } = config;
  const tasks = [
    ...gaugeTasks({ database, queues, redis, quotes, metrics }),
    housekeepingTask(database),
    expiryTask({ database, telemetry, metrics }),
    closingTask(database),
    sweepTask(charging),
    renewalTask({ database, sessions, plan, telemetry }),
    deliveryGaugesTask(database, config.environment, metrics),
    ...(logDirectory === undefined ? [] : [auditLogsTask(logDirectory, { telemetry, metrics })]),
    ...(journeys ? [journeysTask({ journeys, database, telemetry, metrics })] : []),
  ];
  const background = startBackground(tasks, logger);
  closing.defer('background', () => background.close());
  started = true;
  return { port: server.port };
}
