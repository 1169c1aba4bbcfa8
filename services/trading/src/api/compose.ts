import type { Express } from 'express';
import type { Health, Telemetry } from '@crows-nest/telemetry';
import packageJson from '../../package.json' with { type: 'json' };
import { createActivity } from '../auth/activity.ts';
import { createAuth } from '../auth/auth.ts';
import { createCredentials } from '../auth/credentials.ts';
import { createPasswords } from '../auth/passwords.ts';
import { createSessions } from '../auth/sessions.ts';
import { createLoginThrottle } from '../auth/throttle.ts';
import { createBrowserTelemetry } from '../browser/browser.ts';
import { loadCharacters } from '../characters/characters.ts';
import { needed, type Config } from '../config.ts';
import { createDatabase } from '../database.ts';
import { createDeployments } from '../delivery/deployments.ts';
import { doraFigures } from '../delivery/dora.ts';
import { createIncidents } from '../delivery/incidents.ts';
import { deliveryGuard } from '../delivery/token.ts';
import { composeFaults } from '../faults/compose.ts';
import { withFaults } from '../faults/requests.ts';
import { createFeedback } from '../feedback/feedback.ts';
import { createHistory } from '../history/history.ts';
import type { Closing } from '../lifecycle.ts';
import { createErasure } from '../me/erasure.ts';
import { registerQuoteAge } from '../metrics/market.ts';
import { createApiMetrics } from '../metrics/roles.ts';
import { createOrders } from '../orders/orders.ts';
import { createPayments } from '../payments/payments.ts';
import { createSettle } from '../payments/settle.ts';
import { createWebhooks } from '../payments/webhooks.ts';
import { createPortfolio } from '../portfolio/portfolio.ts';
import { createQuoteReader } from '../quotes/reader.ts';
import { createRedis, settled } from '../redis.ts';
import { createResearch } from '../research/research.ts';
import { createSecurityEvents } from '../security/events.ts';
import { watchForProbes } from '../security/probes.ts';
import { createServiceHealth, waitForSchema } from '../service.ts';
import { createStatements } from '../statements/statements.ts';
import { createSubscriptions } from '../subscriptions/subscriptions.ts';
import { createTradeHistory } from '../trades/history.ts';
import { listenForOrderEvents } from '../stream/order-events.ts';
import { createStreams, type Streams } from '../stream/streams.ts';
import { createTrades } from '../trades/trades.ts';
import { addressOf, createApp } from './app.ts';
import { createAuthenticate } from './authenticate.ts';
import { statusesOf } from './openapi.ts';
import { authEndpoints } from './routes/auth.ts';
import { browserEndpoints } from './routes/browser.ts';
import { characterEndpoints } from './routes/characters.ts';
import { deliveryEndpoints } from './routes/delivery.ts';
import { faultEndpoints } from './routes/faults.ts';
import { feedbackEndpoints } from './routes/feedback.ts';
import { meEndpoints } from './routes/me.ts';
import { orderEndpoints } from './routes/orders.ts';
import { paymentEndpoints } from './routes/payments.ts';
import { portfolioEndpoints } from './routes/portfolio.ts';
import { researchEndpoints } from './routes/research.ts';
import { statementEndpoints } from './routes/statements.ts';
import { subscriptionEndpoints } from './routes/subscription.ts';
import { streamEndpoints } from './routes/stream.ts';
import { tradeEndpoints } from './routes/trade.ts';

/** Puts the API together and warms it up: what the first request would otherwise wait for is done when this resolves. */
export async function composeApi(
  config: Config,
  telemetry: Telemetry,
  closing: Closing,
): Promise<{ app: Express; health: Health; streams: Streams }> {
  const { databaseUrl: url, databasePoolMax: poolMax, redisUrl, trustProxy } = config;
  const { logger, registry } = telemetry;
  const metrics = createApiMetrics(registry);
  const secret = needed('GATEWAY_WEBHOOK_SECRET_FILE', config.gatewayWebhookSecret);

  const faults = composeFaults(config, telemetry, metrics, closing);
  const database = createDatabase({ url, poolMax }, telemetry, faults);
  closing.defer('database', () => database.close());
  const redis = createRedis(redisUrl, logger);
  closing.defer('redis', () => redis.quit().catch(() => 'away'));
  const subscriber = createRedis(redisUrl, logger);
  const quotes = createQuoteReader({ redis, subscriber, database, telemetry, faults });
  closing.defer('quotes', () => quotes.close());
  registerQuoteAge(registry, quotes.ageSeconds);

  await waitForSchema(database, telemetry);
  await settled(redis, 2000);
  const characters = await loadCharacters(database);
  const passwords = await createPasswords(telemetry);

  const sessions = createSessions(database, redis, telemetry, faults);
  const events = createSecurityEvents({ telemetry, metrics });
  const throttle = createLoginThrottle(redis);
  const credentials = createCredentials({ database, passwords, throttle, events, telemetry });
  const auth = createAuth({
    database,
    passwords,
    credentials,
    sessions,
    events,
    telemetry,
    metrics,
  });
  const activity = createActivity(database, logger);
  closing.defer('activity', () => activity.close());
  const portfolio = createPortfolio({ database, quotes, characters });
  const history = createHistory({ database, characters });
  const trades = createTrades({ database, quotes, telemetry, metrics });
  const orders = createOrders({ database, telemetry, metrics });
  const { subscription: plan } = config;
  const payments = createPayments(database, telemetry, metrics);
  const subscriptions = createSubscriptions({ database, plan, telemetry });
  const settle = createSettle({ database, sessions, plan, telemetry, metrics });
  const webhooks = createWebhooks({ secret, settle, telemetry, events, metrics });
  const erasure = createErasure({ database, credentials, sessions, orders, telemetry });
  const endpoints = [
    ...authEndpoints(auth),
    ...characterEndpoints(portfolio, history),
    ...portfolioEndpoints(portfolio),
    ...researchEndpoints(createResearch({ database, metrics })),
    ...tradeEndpoints(trades, createTradeHistory(database)),
    ...orderEndpoints(orders),
    ...statementEndpoints(createStatements(database), telemetry),
    ...paymentEndpoints(payments, webhooks),
    ...subscriptionEndpoints(subscriptions),
    ...streamEndpoints(),
    ...deliveryEndpoints({
      deployments: createDeployments(database, telemetry, metrics),
      incidents: createIncidents(database, telemetry, metrics),
      figures: (window) => doraFigures(database, window),
      guard: deliveryGuard(config.deliveryToken, telemetry),
      environment: config.environment,
    }),
    ...feedbackEndpoints(createFeedback({ database, metrics })),
    ...meEndpoints({ database, erasure, telemetry }),
  ];
  const routes = endpoints.map((each) => ({ path: each.path, statuses: statusesOf(each) }));
  endpoints.push(...browserEndpoints(createBrowserTelemetry(metrics, routes)));
  const paths = [...new Set(endpoints.map(({ path }) => path))];
  const allEndpoints = [
    ...endpoints.map((each) => (faults ? withFaults(each, faults) : each)),
    ...faultEndpoints({ faults, routes: paths, telemetry }),
  ];

  const health = createServiceHealth(database, redis, () => true);
  const app = createApp({
    telemetry,
    health,
    version: packageJson.version,
    trustProxy,
    watch: watchForProbes(events),
    authenticate: createAuthenticate(auth, activity),
    endpoints: allEndpoints,
  });
  const streams = createStreams({
    auth,
    sessions,
    activity,
    quotes,
    characters,
    telemetry,
    metrics,
    addressOf: (request) => addressOf(app, request),
  });
  const orderEvents = listenForOrderEvents(createRedis(redisUrl, logger), logger, (event) => {
    streams.tellOwner(event);
  });
  closing.defer('order events', () => orderEvents.close());

  return { app, health, streams };
}
