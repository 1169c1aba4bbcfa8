import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { createTelemetry, type Telemetry, type TelemetryOptions } from '../telemetry.ts';

/** A service with telemetry, listening on a free port. */
export interface TestApp extends AsyncDisposable {
  telemetry: Telemetry;
  url: string;
}

/** Starts an app whose routes `routes` adds behind `telemetry.http()`; it has `/metrics` and an error handler. */
export async function startApp(
  logDirectory: string,
  routes: (app: Express, telemetry: Telemetry) => void,
  sinks: Pick<TelemetryOptions, 'sentryDsn' | 'cloudwatchLogGroup'> = {},
): Promise<TestApp> {
  const telemetry = createTelemetry({
    service: 'test',
    version: '1.2.3',
    revision: 'abc',
    environment: 'test',
    instance: 'one',
    logLevel: 'debug',
    logDirectory,
    ...sinks,
  });
  const app = express();
  app.use(telemetry.http());
  app.get('/metrics', telemetry.metricsEndpoint());
  routes(app, telemetry);
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    telemetry.recordError(response, error);
    if (response.headersSent) next(error);
    else response.status(500).json({ title: 'Internal Server Error' });
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    telemetry,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await telemetry.close();
    },
  };
}

/** Value of a series in an exposition, NaN when there is none. */
export function series(exposition: string, name: string): number {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1).split(' ')[0] ?? NaN);
}

/** The registry as Prometheus gets it. */
export async function scrape(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`, {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  return answer.text();
}
