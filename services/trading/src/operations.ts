import express, { type Express } from 'express';
import type { Health, Telemetry } from '@crows-nest/telemetry';
import { notFound, problems } from './api/problems.ts';

/** What a role without an API serves: health and metrics. */
export function createOperationsApp(telemetry: Telemetry, health: Health): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(telemetry.http());
  app.use(health.router);
  app.get('/metrics', telemetry.metricsEndpoint());
  app.use(notFound);
  app.use(problems(telemetry));
  return app;
}
