import { loadConfig } from '../config.ts';
import { closeOnSignal, createClosing, debugOnSignal, run } from '../lifecycle.ts';
import { createServiceTelemetry } from '../service.ts';
import { composeMarket } from './compose.ts';

await run(async () => {
  const config = loadConfig();
  const telemetry = createServiceTelemetry('market', config);
  const { logger } = telemetry;
  const closing = createClosing(logger);
  closing.defer('telemetry', () => telemetry.close());
  closeOnSignal(closing, logger);
  debugOnSignal(telemetry, config.logLevel);

  const { port } = await composeMarket(config, telemetry, closing);
  logger.info('Market is running', { port });
});
