import { loadConfig } from '../config.ts';
import { closeOnSignal, createClosing, debugOnSignal, run } from '../lifecycle.ts';
import { listen } from '../server.ts';
import { createServiceTelemetry } from '../service.ts';
import { composeApi } from './compose.ts';

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('api', config);
  const { logger } = telemetry;
  const closing = createClosing(logger);
  closing.defer('telemetry', () => telemetry.close());
  closeOnSignal(closing, logger);
  debugOnSignal(telemetry, config.logLevel);

  const { app, health, streams } = await composeApi(config, telemetry, closing);
  const server = await listen(app, health, config, streams);
  closing.defer('server', () => server.drain());
  logger.info('API is listening', { port: server.port });
});
