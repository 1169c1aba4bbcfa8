import { loadConfig } from '../config.ts';
import { closeOnSignal, createClosing, debugOnSignal, run } from '../lifecycle.ts';
import { createServiceTelemetry } from '../service.ts';
import { composeWorker } from './compose.ts';

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('worker', config);
  const { logger } = telemetry;
  const closing = createClosing(logger);
  closing.defer('telemetry', () => telemetry.close());
  closeOnSignal(closing, logger);
  debugOnSignal(telemetry, config.logLevel);

  const { port } = await composeWorker(config, telemetry, closing);
  logger.info('Worker is running', { port });
});
