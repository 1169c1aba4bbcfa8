import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Health, Telemetry } from '@crows-nest/telemetry';
import type { Activity } from '../auth/activity.ts';
import type { Auth } from '../auth/auth.ts';
import type { Portfolio } from '../portfolio/portfolio.ts';
import type { Trades } from '../trades/trades.ts';
import { authenticated } from './authenticated.ts';
import { notFound, problems } from './problems.ts';
import { authRoutes } from './routes/auth.ts';
import { portfolioRoutes } from './routes/portfolio.ts';
import { tradeRoutes } from './routes/trade.ts';

export interface AppDependencies {
  telemetry: Pick<Telemetry, 'http' | 'metricsEndpoint' | 'recordError'>;
  health: Health;
  /** Whose X-Forwarded-For is believed: Express' `trust proxy`. */
  trustProxy: string;
  auth: Auth;
  activity: Activity;
  portfolio: Portfolio;
  trades: Trades;
}

/** The HTTP API; does not listen. */
export function createApp(dependencies: AppDependencies): Express {
  const { telemetry, health, trustProxy, auth, activity, portfolio, trades } = dependencies;
  const withSession = authenticated(auth, activity);
  const app = express();
  app.disable('x-powered-by');
  // Answers are one customer's and of this moment: hashing them for an ETag would be work for nothing.
  app.disable('etag');
  app.set('trust proxy', trustProxy);

  app.use(telemetry.http());
  app.use(health.router);
  app.get('/metrics', telemetry.metricsEndpoint());

  app.use(
    helmet({
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false },
    }),
  );
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use(authRoutes(auth, withSession));
  app.use(portfolioRoutes(portfolio, withSession));
  app.use(tradeRoutes(trades, withSession));

  app.use(notFound);
  app.use(problems(telemetry));
  return app;
}
