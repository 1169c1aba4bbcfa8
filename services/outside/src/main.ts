import { once } from 'node:events';
import { createServer } from 'node:http';

import { createHealth, createTelemetry } from '@crows-nest/telemetry';

import packageJson from '../package.json' with { type: 'json' };
import { createApp, createTally } from './app.ts';
import { readConfig } from './config.ts';
import { createFaults } from './gateway/faults.ts';
import { createGateway } from './gateway/gateway.ts';
import { Heartbeat } from './inbox/heartbeat.ts';
import { Inbox } from './inbox/inbox.ts';
import { createMailServer } from './receivers/mail.ts';
import { accept } from './receivers/routes.ts';

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const { version } = packageJson;
  const now = (): Date => new Date();

  const telemetry = createTelemetry({
    service: 'outside',
    version,
    environment: config.environment,
    logLevel: config.logLevel,
    ...(config.revision && { revision: config.revision }),
    ...(config.logDirectory && { logDirectory: config.logDirectory }),
  });
  const { logger } = telemetry;

  const inbox = new Inbox({ limit: 1000, now });
  const heartbeat = new Heartbeat({
    inbox,
    now,
    limitSeconds: config.heartbeatLimitSeconds,
    firstLimitSeconds: config.heartbeatFirstLimitSeconds,
  });
  const tally = createTally(telemetry, heartbeat);

  const mail = createMailServer({
    accepted: (message) => {
      accept(inbox, tally, message);
    },
    refused: (reason) => {
      tally.refused('mail', reason);
    },
  });
  mail.on('error', (error) => {
    logger.warn('Mail connection failed', { error: error.message });
  });

  const faults = config.faults && config.merchant ? createFaults(telemetry) : undefined;
  const gateway = config.merchant && createGateway(config.merchant, telemetry, { faults });

  const health = createHealth({ version, checks: {}, started: () => mail.server.listening });
  const { app, close } = createApp({
    telemetry,
    inbox,
    heartbeat,
    tally,
    health,
    runbooksDirectory: config.runbooksDirectory,
    gateway,
    faults,
  });
  const server = createServer(app);

  await Promise.all([
    once(mail.listen(config.smtpPort), 'listening'),
    once(server.listen(config.port), 'listening'),
  ]);
  const watch = setInterval(() => {
    heartbeat.check();
  }, 5_000);
  logger.info('The world outside is listening', { port: config.port, smtpPort: config.smtpPort });

  async function stop(signal: string): Promise<void> {
    logger.info('Stopping', { signal });
    health.drain();
    clearInterval(watch);
    close();
    await gateway?.close();
    const closed = [
      once(server.close(), 'close'),
      new Promise<void>((done) => {
        mail.close(done);
      }),
    ];
    // Whoever still holds a connection open by then is cut off; Docker kills after ten seconds.
    const impatience = setTimeout(() => {
      server.closeAllConnections();
    }, 5_000);
    await Promise.all(closed);
    clearTimeout(impatience);
    await telemetry.close();
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void stop(signal);
    });
  }
}

try {
  await start();
} catch (error) {
  // A setting that is wrong or a port in use: one line that names it, rather than a stack.
  process.stderr.write(
    `outside cannot start. ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
