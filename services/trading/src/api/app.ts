import type { IncomingMessage } from 'node:http';
import express, { type Express, type Request, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Health, Telemetry } from '@crows-nest/telemetry';
import { docsRoutes } from './docs.ts';
import { mount, type Authenticate, type Endpoint } from './endpoint.ts';
import { openApiDocument } from './openapi.ts';
import { notFound, problems } from './problems.ts';

export interface AppDependencies {
  telemetry: Pick<Telemetry, 'http' | 'metricsEndpoint' | 'recordError'>;
  health: Health;
  version: string;
  /** Whose X-Forwarded-For is believed: Express' `trust proxy`. */
  trustProxy: string;
  /** What looks at each request for an attack. */
  watch: RequestHandler;
  authenticate: Authenticate;
  endpoints: Endpoint[];
}

/** Where a request comes from that Express does not handle: what `request.ip` is for those that it does. */
export function addressOf(app: Express, request: IncomingMessage): string {
  // What Express does with each request of its own.
  const seen = Object.setPrototypeOf(request, app.request) as Request;
  return seen.ip ?? 'unknown';
}

/** The HTTP API; does not listen. */
export function createApp(dependencies: AppDependencies): Express {
  const { telemetry, health, version, trustProxy, watch, authenticate, endpoints } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  // Answers are one customer's and of this moment: hashing them for an ETag would be work for nothing.
  app.disable('etag');
  app.set('trust proxy', trustProxy);

  app.use(telemetry.http());
  app.use(health.router);
  app.get('/metrics', telemetry.metricsEndpoint());
  app.use(watch);

  app.use(
    helmet({
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false },
    }),
  );
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  mount(app, endpoints, authenticate);
  app.use(docsRoutes(openApiDocument(endpoints, version)));

  app.use(notFound);
  app.use(problems(telemetry));
  return app;
}
